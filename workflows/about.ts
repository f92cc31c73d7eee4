// Texts for the Summary and Details boxes of the Web UI, and for the Schedule. Details are Markdown.
// A run that continues as new has none: the SDK can't set them there.

const WHERE_TO_LOOK = [
  'Status, and what to type: `npx lrm status`. All commands: `npx lrm --help`.',
  'Documentation: README.md and docs/ of the package `long-running-migrations`. When something is',
  'stuck: docs/stuck-migrations.md.',
].join(' ');

/** About the run. */
export const ABOUT_RUN = {
  staticSummary: 'Runs the registered data migrations that are not finished',
  staticDetails: [
    'Each migration is one activity, and its name is the activity ID. The run ends when nothing runs and nothing can be started.',
    'Cancelling or terminating the run interrupts the migrations: the next run continues them. To stop one for good: `npx lrm cancel <name>`.',
    WHERE_TO_LOOK,
  ].join('\n\n'),
} as const;

/** About the tick that the Schedule starts. */
export const ABOUT_TICK = {
  staticSummary: 'Starts the run of data migrations, or wakes the one that is going',
  staticDetails: [
    'The Schedule starts this workflow. It ends at once; the work is in the workflow `long-running-migrations`.',
    WHERE_TO_LOOK,
  ].join('\n\n'),
} as const;

/** About the Schedule: its note and its memo, which are plain text. */
export const ABOUT_SCHEDULE =
  'Looks for registered data migrations that are not finished and runs them. ' +
  'Pausing it stops new runs, not the one that is going. Status: npx lrm status';
