import type { Fault } from '../../fault';
import { rollingDeploy } from './rolling';

export const deployFaults: readonly Fault[] = [rollingDeploy];
