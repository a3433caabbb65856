/** Flags of the report: stretches of a dub that a person should look at. */

/**
 * @param {{start: number, stop: number}} flag frames
 * @param {{frames: number}} result of the dub
 * @returns {boolean} whether it is about all of the dub, and no moment shows it better than another
 */
export function spansAll(flag, result) {
  return flag.start <= 0 && flag.stop >= result.frames;
}
