import { UsageError } from '../../../../settings/usageError';
import type { Mutant } from '../mutant';
import { OF_ATTEMPTS } from './attempts';
import { OF_THE_DRIVER } from './driver';
import { OF_THE_FENCE } from './fence';
import { OF_WALKS } from './walk';

/** All planted faults. */
export const MUTANTS: readonly Mutant[] = [
  ...OF_THE_FENCE,
  ...OF_WALKS,
  ...OF_ATTEMPTS,
  ...OF_THE_DRIVER,
];

/** @throws UsageError when there is none of this name */
export function findMutant(name: string): Mutant {
  const found = MUTANTS.find((each) => each.name === name);
  if (found) return found;
  throw new UsageError(
    `there is no mutant '${name}'; to see them: npm run chaos:mutants -- --list`,
  );
}
