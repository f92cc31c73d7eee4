import type { Fault } from '../../fault';
import { activityFaults } from './activity';
import { byHand } from './byHand';
import { runFaults } from './run';
import { scheduleFaults } from './schedule';

export const temporalUiFaults: readonly Fault[] = [
  ...activityFaults,
  ...runFaults,
  ...scheduleFaults,
  ...byHand,
];
