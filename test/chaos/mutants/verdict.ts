import type { Mutant } from './mutant';
import type { Played } from './play';
import type { Scenario } from './scenarios/scenario';

/** What came of a mutant. */
export interface Verdict {
  readonly mutant: Mutant;
  readonly scenario: Scenario;
  readonly played: Played;
}

/** Whether it was noticed by what looks for such faults, and not because nothing works any more. */
export const isCaught = ({ mutant, played }: Verdict): boolean =>
  played.findings.length > 0 && (played.works || mutant.refuses === true);

/** The table for docs/reliability.md, in Markdown. */
export function table(verdicts: readonly Verdict[]): string {
  return [
    '| planted fault | what it breaks | in which scenario | which check saw it | seconds |',
    '| --- | --- | --- | --- | --- |',
    ...verdicts.map((verdict) => {
      const { mutant, scenario, played } = verdict;
      const found = [...new Set(played.findings.map(({ check }) => check))].join(', ');
      const checks = mutant.refuses ? 'the worker itself: it does not start' : found;
      const seen = isCaught(verdict) ? checks : 'NOT caught';
      const cells = [mutant.name, mutant.breaks, scenario.fault, seen, played.seconds.toFixed(0)];
      return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
    }),
  ].join('\n');
}
