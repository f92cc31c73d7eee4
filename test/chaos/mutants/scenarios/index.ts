import { answerSwallowed, killedAtTheEndOfABatch, lateFold } from './batches';
import { frozenWorker, lateClaim, takeoverOfAStatement } from './frozen';
import {
  badRows,
  bodyThatFailsOnce,
  errorThatQuotesARow,
  rowsLeftForVerify,
  workerThatStarts,
} from './jobs';
import type { Scenario } from './scenario';
import { crashAtCompletion, pauseDuringAStatement, runTerminated } from './stops';
import { takeover, takeoverInABatch } from './takeover';

/** All of them. */
const SCENARIOS: readonly Scenario[] = [
  takeover,
  takeoverInABatch,
  takeoverOfAStatement,
  lateClaim,
  frozenWorker,
  killedAtTheEndOfABatch,
  answerSwallowed,
  lateFold,
  bodyThatFailsOnce,
  badRows,
  rowsLeftForVerify,
  errorThatQuotesARow,
  workerThatStarts,
  pauseDuringAStatement,
  runTerminated,
  crashAtCompletion,
];

/** @throws Error when there is none of this name */
export function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((each) => each.name === name);
  if (!found) throw new Error(`there is no scenario '${name}'`);
  return found;
}
