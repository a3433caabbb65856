/** Numbers as people read them. */

const WHOLE = new Intl.NumberFormat("en");

/** @param {number} count @returns {string} 12,345 */
export function whole(count) {
  return WHOLE.format(Math.round(count));
}

/** @param {number} count @param {string} one @param {string} [many] @returns {string} 1 shot, 2 shots */
export function counted(count, one, many = `${one}s`) {
  return `${whole(count)} ${Math.round(count) === 1 ? one : many}`;
}

/** @param {number} bytes @returns {string} 12.3 MB */
export function size(bytes) {
  const units = ["bytes", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit && value < 100 ? value.toFixed(1) : Math.round(value)} ${units[unit]}`;
}

/** @param {number} share 0 to 1 @returns {string} less than 1 %, 43 %: never 0 for something, nor 100 for less */
export function percent(share) {
  if (share > 0 && share < 0.01) return "less than 1 %";
  if (share < 1 && share >= 0.995) return "over 99 %";
  return `${Math.round(share * 100)} %`;
}

/** @param {number} seconds @returns {string} 2.4 s, 3 min 20 s, 2 h 5 min */
export function span(seconds) {
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  const rounded = Math.round(seconds);
  if (rounded < 60) return `${rounded} s`;
  if (rounded < 3600) {
    const rest = rounded % 60;
    return `${Math.floor(rounded / 60)} min${rest ? ` ${rest} s` : ""}`;
  }
  const minutes = Math.round(rounded / 60);
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** @param {number} seconds @returns {string} a rough length: about 20 s, about 3 min */
export function roughly(seconds) {
  if (seconds < 5) return "a few seconds";
  if (seconds < 60) return `about ${Math.ceil(seconds / 5) * 5} s`;
  return `about ${span(Math.ceil(seconds / 60) * 60)}`;
}

/** @param {number} seconds @param {number} rate frames a second @returns {string} 00:01:02:13 */
export function timecode(seconds, rate) {
  const base = Math.max(1, Math.round(rate));
  const whole_ = Math.floor(seconds + 1e-4);
  const frame = Math.min(base - 1, Math.floor((seconds - whole_ + 1e-4) * rate));
  const parts = [Math.floor(whole_ / 3600), Math.floor(whole_ / 60) % 60, whole_ % 60, Math.max(0, frame)];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** @param {string} text RFC 3339 @returns {string} in the reader's own time */
export function moment(text) {
  const date = new Date(text);
  const today = new Date().toDateString() === date.toDateString();
  const time = date.toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit" });
  return today ? `today, ${time}` : `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}

/** @param {number} dollars @returns {string} $0.02 */
export function dollars(dollars) {
  return dollars > 0 && dollars < 0.01 ? "less than $0.01" : `$${dollars.toFixed(2)}`;
}
