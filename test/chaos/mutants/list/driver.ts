import type { Mutant } from '../mutant';

/** A transaction's statements take effect with it, or not at all. */
export const OF_THE_DRIVER: readonly Mutant[] = [
  {
    name: 'driver-unpatched',
    breaks: 'statements of a transaction whose session was lost take effect outside of it',
    edits: [],
    without: 'patches/postgres+3.4.9.patch',
    scenario: 'worker that starts',
    refuses: true,
  },
];
