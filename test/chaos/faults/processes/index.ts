import type { Fault } from '../../fault';
import { freezes } from './freeze';
import { jobFaults } from './jobs';
import { kills } from './kill';
import { restartLoop } from './restartLoop';
import { terminations } from './terminate';

export const processFaults: readonly Fault[] = [
  ...kills,
  ...freezes,
  ...terminations,
  ...jobFaults,
  restartLoop,
];
