/** Where a person is on the page: the part of the address behind #. */

/**
 * @typedef {{name: "home"|"jobs"|"job", id: string}} Route
 * @returns {Route}
 */
export function route() {
  const words = location.hash.slice(1);
  const job = /^job=([\w-]+)$/.exec(words);
  if (job) return { name: "job", id: job[1] };
  return { name: words === "jobs" ? "jobs" : "home", id: "" };
}

/** @param {string} id @returns {string} the address of a job on this page */
export function jobAddress(id) {
  return `#job=${id}`;
}

/** @param {string} id shows a job */
export function goToJob(id) {
  location.hash = jobAddress(id);
}
