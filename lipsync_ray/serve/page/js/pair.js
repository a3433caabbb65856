/**
 * Two videos on one clock: the dub and its source. Paused they show the same frame. While they play, whichever is
 * not heard is pulled to the other: a browser starts and draws two videos when it can, so that they may be some
 * frames apart for a moment, and what is more than SEEK_S apart jumps.
 */

import { mapping } from "./source_time.js";

const SEEK_S = 0.3; // further apart than this, running a little faster would take too long
const PULL = 4; // how much faster or slower for each second apart
const MOST = 0.4; // of its speed, that the muted one gives up or gains
const REST_MS = 400; // between two seeks: each takes a moment to arrive
const READY = 3; // HTMLMediaElement.HAVE_FUTURE_DATA

/**
 * @param {HTMLVideoElement} after the dub
 * @param {HTMLVideoElement|null} before the source; null: there is none that can be played
 * @param {{rate: number, mode: string, seconds: number}} about frames a second, sync.mode, length
 * @param {() => void} onChange playing or not, another moment, another sound
 */
export function pair(after, before, { rate, mode, seconds }, onChange) {
  const frame = 1 / rate;
  let [playing, held, heard, seeked, ticking] = [false, false, "after", 0, 0];
  let map = mapping(mode, before?.duration || seconds, after.duration || seconds);
  const learn = () => {
    map = mapping(mode, before?.duration || seconds, after.duration || seconds);
  };

  const both = () => (before ? [after, before] : [after]);
  const leads = () =>
    heard === "before" && before && map.output && map.runs(after.currentTime) ? before : after;
  const start = (video) => video.play().catch(() => {}); // a pause meanwhile is no fault
  const halt = () => both().forEach((video) => video.pause());

  const run = () => {
    learn();
    start(after);
    if (before && map.runs(after.currentTime)) start(before);
    cancelAnimationFrame(ticking);
    ticking = requestAnimationFrame(tick);
  };

  const tick = () => {
    if (!playing) return;
    if (!held && before) keepTogether();
    onChange();
    ticking = requestAnimationFrame(tick);
  };

  const keepTogether = () => {
    const leader = leads();
    const muted = leader === after ? before : after;
    const target = leader === after ? map.source(after.currentTime) : map.output(before.currentTime);
    const runs = map.runs(after.currentTime);
    if (!runs && !before.paused) before.pause();
    if (runs && before.paused && !before.ended) start(before);
    const apart = muted.currentTime - target;
    const own = muted === before ? map.rate : 1;
    if (leader.playbackRate !== (leader === before ? map.rate : 1))
      leader.playbackRate = leader === before ? map.rate : 1;
    if (Math.abs(apart) > (runs ? SEEK_S : frame)) {
      if (performance.now() - seeked > REST_MS && !muted.seeking) seekTo(muted, target);
      return;
    }
    const pull = Math.abs(apart) < frame / 5 ? 0 : Math.max(-MOST, Math.min(MOST, PULL * apart));
    const wanted = own * (1 - pull);
    if (Math.abs(muted.playbackRate - wanted) > 0.01) muted.playbackRate = wanted;
  };

  const seekTo = (video, time) => {
    seeked = performance.now();
    video.currentTime = time;
  };

  /** What one of them has to wait for, both wait for. */
  const hold = (event) => {
    if (!playing || held || event.target.ended || event.target.readyState >= READY) return;
    held = true;
    halt();
    onChange();
  };
  const release = () => {
    if (!held || !both().every((video) => video.readyState >= READY || video.ended)) return;
    held = false;
    if (playing) run();
    onChange();
  };

  const self = {
    get playing() {
      return playing;
    },
    get held() {
      return held;
    },
    get heard() {
      return heard;
    },
    get time() {
      return after.currentTime;
    },
    get seconds() {
      return after.duration || seconds;
    },
    play() {
      if (after.ended || after.currentTime >= self.seconds - frame / 2) self.seek(0);
      playing = true;
      run();
      onChange();
    },
    pause() {
      [playing, held] = [false, false];
      halt();
      self.seek(after.currentTime);
    },
    /** To the middle of the frame that is shown then: its edges belong to its neighbours as well. */
    seek(time) {
      learn();
      const last = Math.max(0, Math.ceil(self.seconds * rate - 1e-6) - 1);
      const middle = (Math.max(0, Math.min(last, Math.floor(time * rate + 1e-6))) + 0.5) * frame;
      seekTo(after, playing ? time : middle);
      if (before) seekTo(before, map.source(playing ? time : middle));
      onChange();
    },
    step(count) {
      const from = after.currentTime;
      if (playing) self.pause();
      self.seek(from + count * frame);
    },
    hear(which) {
      heard = which;
      after.muted = which !== "after";
      if (before) before.muted = which !== "before";
      onChange();
    },
    /** Goes on with the dub alone, which stands: the source cannot be played any longer. */
    letGo() {
      if (!before) return;
      watched.abort();
      if (playing) self.pause();
      unload(before);
      before = null;
      if (heard === "before") self.hear("after");
      onChange();
    },
    close() {
      playing = false;
      cancelAnimationFrame(ticking);
      both().forEach(unload);
    },
  };

  const watched = new AbortController(); // the source: it may be let go
  for (const video of both()) {
    const listen = (event, listener) =>
      video.addEventListener(event, listener, video === before ? { signal: watched.signal } : {});
    listen("waiting", hold);
    listen("canplay", release);
    listen("seeked", onChange);
    listen("loadedmetadata", onChange);
  }
  after.addEventListener("ended", () => self.pause());
  self.hear("after");
  return self;
}

function unload(video) {
  video.pause();
  video.removeAttribute("src");
  video.load(); // ends the download
}
