import type { Fault } from '../../fault';
import { contradictoryCommands } from './contradict';
import { finalize } from './finalize';
import { registrations } from './register';
import { runs } from './run';
import { stops } from './stop';

export const operatorFaults: readonly Fault[] = [
  ...stops,
  contradictoryCommands,
  finalize,
  runs,
  registrations,
];
