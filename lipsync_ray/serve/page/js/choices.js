/** What was chosen for a job, to be asked for once more. */

export const CONSENT = "policy.consent"; // consent has a field of its own

/**
 * @param {import("./types.js").Job} job
 * @param {import("./types.js").Options} options what is offered now: an engine that is gone is not asked for
 * @returns {Object<string, any>} fields of a job
 */
export function choicesOf(job, options) {
  const { [CONSENT]: consent, ...given } = job.options;
  const offered = (choices, name) => choices.some((one) => one.name === name && one.ready !== false);
  return {
    ...(offered(options.engines, job.engine) && { engine: job.engine }),
    ...(offered(options.presets, job.preset) && { preset: job.preset }),
    container: job.container,
    ...(consent && { consent }),
    options: given,
  };
}
