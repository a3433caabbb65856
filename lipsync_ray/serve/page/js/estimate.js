/** How long a dub will take, and what it costs. */

import { dollars, roughly } from "./figures.js";

/**
 * @param {{wall_s: number|null, gpu_s: number|null, cost_usd: number|null, learnt: boolean}|null} estimate
 * @returns {string}
 */
export function estimateText(estimate) {
  if (estimate?.wall_s == null) return "How long it takes is not known: this engine has not finished a dub here yet.";
  const cost = estimate.cost_usd ? `, ${dollars(estimate.cost_usd)} for GPUs` : "";
  const basis = estimate.learnt ? "as earlier dubs here show" : "a first guess, which every dub makes better";
  const time = roughly(estimate.wall_s);
  return `${time[0].toUpperCase()}${time.slice(1)} once it runs${cost} (${basis}).`;
}
