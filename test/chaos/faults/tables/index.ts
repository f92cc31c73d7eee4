import type { Fault } from '../../fault';
import { columnFaults } from './columns';
import { indexFaults } from './indexes';
import { locks } from './locks';
import { maintenance } from './maintenance';
import { refusals } from './refused';

export const tableFaults: readonly Fault[] = [
  ...columnFaults,
  ...indexFaults,
  ...maintenance,
  ...locks,
  ...refusals,
];
