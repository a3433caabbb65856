/** What states, kinds, stages and reasons are called on the page. */

/** @type {Object<string, string>} */
export const KIND = { dub: "Dub", triage: "Check", preview: "Preview" };

/** @type {Object<string, string>} */
export const STATE = { queued: "waiting", running: "running", done: "done", failed: "failed", cancelled: "cancelled" };

/** Stages of each kind in their order, with what a person may want to know of them. */
export const STAGES = {
  dub: [
    ["examine", "Read the files"],
    ["scan", "Find faces"],
    ["prepare", "Study mouth and sound"],
    ["render", "Draw the mouth"],
    ["measure", "Measure the result"],
    ["stitch", "Join the pieces"],
  ],
  triage: [
    ["examine", "Read the files"],
    ["scan", "Find faces"],
    ["triage", "Work out what a dub would do"],
  ],
  preview: [
    ["examine", "Read the files"],
    ["scan", "Find faces"],
    ["prepare", "Study mouth and sound"],
    ["preview", "Draw the frame"],
  ],
};

/** Why frames are left alone: for a sentence that begins with a share of the video. */
export const REASON = {
  none: "no face is seen",
  tiny: "the face is too small",
  profile: "the face is turned away",
  occluded: "the mouth is covered",
  kept: "somebody else speaks",
};

/** Headlines of quality flags. */
export const FLAG = {
  offset: "Mouth and sound are apart",
  frozen: "The mouth stands still",
  sync: "The mouth does not follow the sound",
  closures: "Lips stay open where they should close",
  restless: "The mouth moves while nobody talks",
  jitter: "The skin around the mouth trembles",
  seam: "The light jumps between two pieces",
  soft: "The mouth is softer than the source",
  outside: "The rest of the picture has lost quality",
};

/** What happens when sound and picture are not equally long. */
export const LENGTHS = {
  silence: "Keep the length of the video",
  cut_off: "End with the shorter one",
  loop: "Play the video again until the sound ends",
  bounce: "Play the video back and forth until the sound ends",
  remap: "Stretch the video to the length of the sound",
};
