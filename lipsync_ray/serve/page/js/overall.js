/** How far a job is as a whole, from where its stage is. */

/** What each stage takes of a usual job. */
const WEIGHTS = {
  dub: { examine: 1, scan: 15, prepare: 8, render: 55, measure: 15, stitch: 6 },
  triage: { examine: 5, scan: 80, triage: 15 },
  preview: { examine: 3, scan: 35, prepare: 30, preview: 32 },
};

/**
 * @param {import("./types.js").Job} job
 * @returns {number|null} 0 to 1; null: not known
 */
export function overall({ kind, state, progress }) {
  const weights = Object.entries(WEIGHTS[kind] ?? {});
  const at = weights.findIndex(([stage]) => stage === progress?.stage);
  if (state !== "running" || at < 0) return null;
  const sum = (part) => part.reduce((total, [, weight]) => total + weight, 0);
  return (sum(weights.slice(0, at)) + weights[at][1] * (shareOf(progress) ?? 0)) / sum(weights);
}

/**
 * @param {import("./types.js").Progress} progress
 * @returns {number|null} 0 to 1, of its stage; null: not known
 */
export function shareOf({ done, total }) {
  return total ? Math.min(1, done / total) : null;
}
