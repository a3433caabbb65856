/** Which moment of the source a moment of the output shows. */

/**
 * @typedef {Object} Mapping
 * @property {(time: number) => number} source seconds of the source at seconds of the output
 * @property {((time: number) => number)|null} output the other way round; null: a moment may be shown twice
 * @property {number} rate how fast the source runs
 * @property {(time: number) => boolean} runs whether the source runs forward then
 */

/**
 * @param {string} mode sync.mode of the dub
 * @param {number} source seconds
 * @param {number} output seconds
 * @returns {Mapping}
 */
export function mapping(mode, source, output) {
  const last = Math.max(0, source - 0.001);
  if (mode === "remap" && source > 0 && output > 0) {
    const rate = source / output;
    return {
      source: (time) => Math.min(last, time * rate),
      output: (time) => time / rate,
      rate,
      runs: (time) => time * rate < last,
    };
  }
  if (mode === "loop" && output > source + 0.1) {
    return { source: (time) => time % source, output: null, rate: 1, runs: () => true };
  }
  if (mode === "bounce" && output > source + 0.1) {
    const phase = (time) => time % (2 * source);
    const there = (time) => Math.min(last, phase(time) <= source ? phase(time) : 2 * source - phase(time));
    return { source: there, output: null, rate: 1, runs: (time) => phase(time) < last };
  }
  return {
    source: (time) => Math.min(last, time),
    output: (time) => time,
    rate: 1,
    runs: (time) => time < last,
  };
}
