import type { Fault } from '../fault';
import { serverClocks } from './clocks/serverClocks';
import { workerClock } from './clocks/workerClock';
import { deployFaults } from './deploys';
import { network } from './network/network';
import { operatorFaults } from './operators';
import { atPoints } from './points/atPoints';
import { processFaults } from './processes';
import { tooManyConnections } from './resources/connections';
import { cpuFaults } from './resources/cpu';
import { noMoreFiles } from './resources/files';
import { fullDisk } from './resources/fullDisk';
import { outOfMemory } from './resources/memory';
import { crashes } from './servers/crash';
import { endedSessions } from './servers/endedSessions';
import { frozenPostgres } from './servers/frozenPostgres';
import { throughPgBouncer } from './servers/pgbouncer';
import { promotions } from './servers/promotion';
import { temporalFaults } from './servers/temporal';
import { tableFaults } from './tables';
import { temporalUiFaults } from './temporalUi';

/** All that the nemesis picks from. */
export const FAULTS: readonly Fault[] = [
  ...crashes,
  ...promotions,
  ...frozenPostgres,
  ...endedSessions,
  ...temporalFaults,
  throughPgBouncer,
  ...fullDisk,
  ...outOfMemory,
  tooManyConnections,
  noMoreFiles,
  ...cpuFaults,
  ...serverClocks,
  workerClock,
  ...atPoints,
  ...network,
  ...processFaults,
  ...operatorFaults,
  ...temporalUiFaults,
  ...tableFaults,
  ...deployFaults,
];
