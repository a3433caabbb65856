"""Help texts; the options are read from the comments of conf/, where their defaults are."""

from __future__ import annotations

from lipsync_ray.knobs import read_groups
from lipsync_ray.option_lines import NULL, option_lines

PROGRAM = "python -m lipsync_ray"
BESIDE = f"Options beside those of run, with their defaults ({NULL}):"

OVERVIEW = f"""\
Dub a video: the same footage, with the person's mouth saying the new words.

  {PROGRAM} run video=in.mp4 audio=dub.wav out=out.mp4

Verbs:
  run       dub a video
  batch     dub many videos, as a manifest or patterns list them
  status    what has become of a batch
  retry     let failed videos of a batch be tried again
  review    measure a dub and write a report: does the mouth follow, does it look right
  plan      look at a video and say what a dub would do, without rendering
  speakers  tell who is seen in a video and who talks when, and write a map of them to edit
  preview   draw a frame, some seconds or a sheet of a dub, before and after
  verify    say what was edited in a file and who signed it, and whether it was changed since
  serve     take jobs by HTTP, with a page for people
  bench     measure how fast this machine dubs, next to a plain transcode
  doctor    check this installation and say how to mend it
  weights   list, fetch or check the model files (list, pull, verify)
  completion  print a script that completes words in bash, zsh or fish

Examples:
  {PROGRAM} run video=in.mp4 audio=dub.wav out=out.mp4
  {PROGRAM} run video=portrait.png audio=hello.wav out=hello.mp4     a picture starts to talk
  {PROGRAM} run video=in.mp4 audio=dub.wav out=out.mp4 sync.mode=loop encode.crf=16
  {PROGRAM} run video=in.mp4 audio=dub.wav out=out.mp4 engine=wav2lip preset=fast
  {PROGRAM} plan video=in.mp4 audio=dub.wav
  {PROGRAM} preview video=in.mp4 audio=dub.wav out=out.mp4 preview.kind=sheet
  {PROGRAM} batch manifest=backlog.jsonl out_dir=out
  {PROGRAM} doctor

Options are written key=value. Put quotes around a value with spaces: 'video=my clip.mp4'.
{PROGRAM} VERB --help tells more; run --help lists all options, help GROUP those of one group.
--version prints the version; --debug shows the whole trace of an error.
Exit status: 0 done, 1 cannot (one line says why), 2 some jobs of a batch failed, 3 refused by
policy, 4 interrupted.
"""

RUN = f"""\
{PROGRAM} run video=FILE audio=FILE out=FILE [key=value ...]

Dubs a video (or a picture): writes OUT with the mouth of the person in VIDEO saying AUDIO.
Frame rate, size, colours and the other tracks stay as they are; frames without a usable face
are kept untouched. Beside OUT.mp4 goes OUT.json with the settings, hashes and timings. OUT
appears when it is complete and checked, never half-written; after an interruption the same
command goes on where it stopped.

All options follow. Only those of one group, such as encode: {PROGRAM} help encode
"""

PLAN = f"""\
{PROGRAM} plan video=FILE audio=FILE [--strip=SHOTS.jpg] [--json] [key=value ...]
{PROGRAM} plan manifest=FILE [--strip=FOLDER] [--json] [--limit N] [key=value ...]

Looks at the video and says what a dub would do: shots, faces and who speaks in each, frames that
would be kept untouched and why, what becomes of a sound of another length, how long it would
take and what it would cost, and what to look after. Renders nothing. The faces that are found
are kept: a run that follows does not look for them again. Takes the options of run.

--strip=SHOTS.jpg writes a thumbnail of each shot, the speaker framed in green.
--json prints everything as JSON on stdout.

With a manifest (or patterns, see batch), all of its jobs are looked at: a row a job, those that
cannot be dubbed first, and what all of them would cost (cost.usd_per_gpu_hour).
"""

SPEAKERS = f"""\
{PROGRAM} speakers video=FILE [--write=MAP.csv] [--sheet=PEOPLE.jpg] [--json] [key=value ...]

Tells who is seen in a video: each person with the numbers of their faces, how long they are seen,
and how long they probably talk, guessed from mouths and the video's own sound. Renders nothing.

--write=MAP.csv writes a first map of who says what and when, to be edited and given to run:

  {PROGRAM} speakers video=in.mp4 --write=map.csv --sheet=people.jpg
  {PROGRAM} run video=in.mp4 speakers.map=map.csv out=out.mp4

--sheet=PEOPLE.jpg writes a thumbnail of each person.
--json prints everything as JSON on stdout.

speakers.map=TURNS.rttm, the result of a speaker diarization, gives people their names: each the one
whose mouth agrees with the sound when that speaker talks. docs/speakers.md tells about maps.
"""

REVIEW = f"""\
{PROGRAM} review video=FILE out=DUBBED [--json] [key=value ...]

Measures a dub that is there against the video it was made from, and writes DUBBED.report.html
beside it: whether the mouth follows the sound and by how much it is early or late, whether it
rests where nobody talks, trembling, seams, sharpness, and the picture outside the face. run and
batch do this by themselves (quality.enabled=false: not). Takes the options of run that the dub
was made with, as far as they change its frames (sync.mode), and the limits from which on
something is flagged (quality.max_offset_ms, quality.min_r ...). With audio=FILE the mouth is
held to that sound instead of the dub's own. --json prints figures and flags as JSON.
"""

PREVIEW = f"""\
{PROGRAM} preview video=FILE audio=FILE out=FILE [preview.kind=frame|clip|sheet] [key=value ...]

Draws frames of the dub that run would make, each beside the source's own, and touches no OUT:

  frame     OUT.preview.png: one frame
  clip      OUT.preview.mp4: some seconds, with the new sound of that stretch
  sheet     OUT.sheet.png: many moments, the face and below it the mouth, enlarged

(OUT is written here without its extension.) Takes the options of run. Only what is shown is
drawn. The faces that are found are kept: a run that follows does not look for them again.

  {PROGRAM} preview video=in.mp4 audio=dub.wav out=out.mp4 preview.at=12.5
  {PROGRAM} preview video=in.mp4 audio=dub.wav out=out.mp4 preview.kind=clip
"""

BATCH = f"""\
{PROGRAM} batch manifest=FILE out_dir=DIR [--limit N] [key=value ...]
{PROGRAM} batch 'video=clips/*.mp4' 'audio=dubs/{{video_name}}.wav' out_dir=DIR [key=value ...]

Dubs many videos. FILE is .jsonl, .csv or .parquet, a job a row: video, audio, and if wanted id,
out and any option of run, such as encode.crf. Instead of it, video may be a pattern (*, ?, **),
audio one with {{video_name}} in it, and out one with {{index}}, {{video_name}}, {{audio_name}},
{{audio_folder}} and {{ext}}. All files may be on a disk or at s3://, gs:// or abfs://.

All files are looked into before anything is rendered. One bad video does not stop the others: it
is tried again at the end, and set aside (quarantined) after batch.max_attempts failures. The same
command, run again, skips what is done and goes on with the rest, from the pieces that are finished.
Several sounds for one video cost one scan of its faces.

DIR gets videos/ID.mp4 with ID.json beside it, ledger.parquet (what became of each job, see
status), events.jsonl and summary.json. Exit status 2 when some jobs failed.

Ctrl-C or SIGTERM: what runs is finished first; the second one stops at once.
"""

SERVE = f"""\
{PROGRAM} serve [serve.port=8000] [serve.data_dir=DIR] [key=value ...]

Takes dubs, triages and previews by HTTP, and does them with the same workers as run. The page for
people is at /, the description for programs at /openapi.json; docs/service.md tells how to ask,
docs/service-operations.md how to keep it running. One line on stderr says where it listens.

Jobs, their files and finished pieces are in serve.data_dir: after a restart, also after a crash,
everything goes on from the pieces that are finished. Options of run hold for all jobs, such as
ray.workers=4 or encode.preset=fast. Tokens: LIPSYNC_RAY_TOKENS or serve.tokens_file; without
them it listens to this machine only.

Ctrl-C or SIGTERM: running pieces are finished first, jobs that are not done wait for the next
start, exit status 0; a second one stops at once.
"""

STATUS = f"""\
{PROGRAM} status out_dir=DIR [--json]

What has become of the jobs of a batch, also while it runs: how many are waiting, running, done,
failed (they are tried again) and quarantined (they are not), and why. --json prints all rows.
"""

RETRY = f"""\
{PROGRAM} retry out_dir=DIR [--failed|--all] [id=NAME ...]

Lets jobs of a batch be tried again by the next run of the batch: those that failed or are
quarantined (--failed, the default), or also those that are done (--all); with id=NAME only these.
"""

VERIFY = f"""\
{PROGRAM} verify FILE [--json] [sidecar=NAME.json] [trust=CA.pem]

Checks FILE against the manifest (C2PA) in it, or beside it (NAME.c2pa), and against its sidecar
NAME.json, and tells what was edited in it, by what, when, and who signed. Exit status 0: picture,
sound and what is told of them are as they were signed. 1: they are not (PROVENANCE_BROKEN), or
nothing tells of the file (PROVENANCE_NONE). With its own NAME.json beside it every byte is checked;
without, all but names and filling inside the manifest's own box, or what other signers left out.

sidecar=FILE names a sidecar that lies elsewhere. trust=CA.pem names authorities whose
certificates prove who signed; a development certificate proves nobody's identity. FILE may be in
a store. Nothing that a manifest names is fetched. --json prints everything as JSON on stdout.
"""

BENCH = f"""\
{PROGRAM} bench [video=FILE [audio=FILE]] [seconds=4] [rounds=2] [--json] [key=value ...]

Lets a plain transcode (decode, encode, nothing else) and a dub take turns with the same encoder
settings, and prints what each took for a second of video: wall clock, CPU of all processes, memory,
the time until the first frame is drawn, and where in the dub the time went. Writes no file.

Without video=FILE it makes a clip of 720p itself, seconds=4 of it, and is done in a minute on two
CPUs. A video of yours is dubbed whole, rounds=2 times: choose one of some seconds.

Takes the options of run, such as encode.preset=veryfast, ray.workers=2 (with Ray; without any ray
option it works in one process) or engine=wav2lip. --json prints machine, versions and all runs.

  {PROGRAM} bench
  {PROGRAM} bench video=in.mp4 audio=dub.wav encode.preset=veryfast ray.workers=2 rounds=3
"""

DOCTOR = f"""\
{PROGRAM} doctor [key=value ...]

Checks Python, packages, video codecs, Ray, weights, the cache folder and free disk space, and
says for each problem how to mend it. Exit status 1 when something essential is broken.
"""

WEIGHTS = f"""\
{PROGRAM} weights list|pull|verify [NAME ...] [key=value ...]

NAME is a file or a bundle of files; weights list shows both.

  list      every model file: size, whether it is here, licence, whether commercial use is allowed
  pull      fetch the named ones; without names what every run needs (bundle default). run does
            this by itself when it needs a file
  verify    compute the SHA-256 of the files that are here and compare it with the published one

  {PROGRAM} weights pull video_retalking      all that this engine needs

HERE says present (the published file), pinned or unpinned (no hash is published: the first file
that is used is pinned, and no other one is taken then), own (another file of yours), absent or
corrupt.

weights.dir=FOLDER looks into a folder of your own first, such as VideoReTalking's or Wav2Lip's;
weights.verify=false takes the files there as they are; weights.folder=FOLDER is where fetched
files go; weights.offline=true never fetches; license.policy=commercial refuses files whose terms
do not allow commercial use.
"""

COMPLETION = f"""\
{PROGRAM} completion bash|zsh|fish

Prints a script for the shell, which completes verbs, options, their values and file names, for
lipsync-ray and for {PROGRAM}. It starts no Python while you type; print it anew after an
update. To have it in every shell, put into its start file:

  ~/.bashrc   source <({PROGRAM} completion bash)
  ~/.zshrc    source <({PROGRAM} completion zsh)      behind compinit
  ~/.config/fish/config.fish   {PROGRAM} completion fish | source

Reading a file is faster than starting Python: print it into one, and source that.
"""


def run_help() -> str:
    """Help of ``run``: its text and every option."""
    return "\n".join([RUN, f"Options and their defaults ({NULL}):", *option_lines(read_groups())]) + "\n"


def batch_help() -> str:
    """Help of ``batch``: its text and the options that only it has."""
    return _with_options(BATCH, BESIDE, "batch", "cost")


def serve_help() -> str:
    """Help of ``serve``: its text and the options that only it has."""
    return _with_options(SERVE, BESIDE, "serve")


def preview_help() -> str:
    """Help of ``preview``: its text and the options that only it has."""
    return _with_options(PREVIEW, BESIDE, "preview")


def speakers_help() -> str:
    """Of ``speakers``."""
    return _with_options(SPEAKERS, "Options of maps; those of run that find faces hold as well:", "speakers")


def review_help() -> str:
    """Help of ``review``: its text and its limits."""
    return _with_options(REVIEW, BESIDE, "quality")


def weights_help() -> str:
    """Help of ``weights``: its text and the options that are about model files."""
    return _with_options(WEIGHTS, f"Options and their defaults ({NULL}):", "weights", "license")


def _with_options(text: str, title: str, *names: str) -> str:
    groups = [group for group in read_groups() if group.name in names]
    return "\n".join([text, title, *option_lines(groups)]) + "\n"
