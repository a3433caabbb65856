/** Following a job while it goes on. */

import { Fault, ask } from "./api.js";
import { back, lost, pause } from "./connection.js";

/** @param {import("./types.js").State} state @returns {boolean} whether nothing more will happen */
export function ended(state) {
  return state === "done" || state === "failed" || state === "cancelled";
}

/**
 * Tell of every change of a job until it ends. A lost connection is made again.
 *
 * @param {string} id
 * @param {(job: import("./types.js").Job) => void} onJob
 * @param {(fault: Fault) => void} onFault the job is gone, or is not ours to see
 * @returns {() => void} stops it
 */
export function follow(id, onJob, onFault) {
  const stopped = new AbortController();
  /** @type {EventSource|null} */
  let source = null;

  const stop = () => {
    stopped.abort();
    source?.close();
  };

  const take = (job) => {
    if (stopped.signal.aborted) return;
    back();
    if (ended(job.state)) stop();
    onJob(job);
  };

  const open = (tries) => {
    let heard = tries;
    source = new EventSource(`/v1/jobs/${id}/events`);
    source.onopen = back; // there may be nothing new to tell of the job
    source.addEventListener("job", (event) => {
      heard = 0;
      take(JSON.parse(event.data));
    });
    source.onerror = () => {
      if (stopped.signal.aborted) return;
      // The browser tries again by itself unless the service has answered and said no.
      if (source?.readyState === EventSource.CLOSED) again(heard + 1);
      else lost();
    };
  };

  const again = async (tries) => {
    await pause(tries, stopped.signal);
    if (stopped.signal.aborted) return;
    try {
      take(await ask(`/v1/jobs/${id}`, { signal: stopped.signal }));
    } catch (error) {
      if (error instanceof Fault && [401, 403, 404].includes(error.status)) {
        stop();
        onFault(error);
        return;
      }
      lost();
    }
    if (!stopped.signal.aborted) open(tries);
  };

  open(0);
  return stop;
}
