"""Machines: the dispatcher, and Ray behind it.

with ray_session(RaySettings()) as session:                        # ray_cluster.py
    with session.pool(factory, shared=units) as pool:              # workers, built by factory(units, threads)
        for outcome in Dispatcher(pool, settings, on_event).run(tasks):   # dispatcher.py
            ...
"""
