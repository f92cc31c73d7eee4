import { setTimeout as sleep } from 'node:timers/promises';
import type { ChaosSet } from '../../chaosSet';
import type { Fault } from '../../fault';
import { freeze, whileFrozen } from '../frozen';
import { inSeconds, lasts } from '../lasts';
import { processTree } from '../processTree';
import { untilPostgresAnswers } from './answers';
import { type BackgroundProcess, backgroundProcess } from './backgroundProcess';
import { sessionsOfAttempts } from './ourSessions';
import { bytesBehind } from './promotion';

/** Postgres stands still, as on a host that is out of memory or moved to another machine. */
export const frozenPostgres: readonly Fault[] = [
  {
    kind: 'Postgres: frozen',
    part: 'postgres',
    inflict: async ({ set, random }) => {
      const milliseconds = lasts(random, 2, 15);
      await freeze(processTree(set.postgres.pid), milliseconds);
      await untilPostgresAnswers(set);
      return `for ${inSeconds(milliseconds)}`;
    },
  },
  {
    kind: 'Postgres: sessions of attempts frozen',
    part: 'postgres',
    inflict: async ({ set, random }) => {
      const milliseconds = lasts(random, 2, 15);
      const all = await sessionsOfAttempts(set);
      const { name } = random.pick(all);
      const frozen = all.filter((session) => session.name === name);
      await freeze(
        frozen.map(({ pid }) => pid),
        milliseconds,
      );
      return `${frozen.length} of ${name} for ${inSeconds(milliseconds)}`;
    },
  },
  {
    kind: 'Postgres: the replica gets nothing',
    part: 'postgres',
    inflict: async ({ set, random }) => {
      // Below wal_sender_timeout, after which the replica would be given up.
      const milliseconds = lasts(random, 3, 30);
      const behind = await whileFrozen([await backgroundProcess(set, 'walsender')], async () => {
        await sleep(milliseconds);
        return bytesBehind(set, 1);
      });
      return `for ${inSeconds(milliseconds)}; ${behind} bytes behind`;
    },
  },
  without('checkpointer'),
  without('walwriter'),
];

/** A disk that is slow to sync looks like this. */
function without(type: BackgroundProcess): Fault {
  return {
    kind: `Postgres: ${type} frozen`,
    part: 'postgres',
    weight: 0.5,
    inflict: async ({ set, random }) => {
      const milliseconds = lasts(random, 5, 15);
      await whileFrozen([await backgroundProcess(set, type)], async () => {
        const asked = type === 'checkpointer' ? checkpoint(set, milliseconds) : undefined;
        await sleep(milliseconds);
        await asked;
      });
      return `for ${inSeconds(milliseconds)}`;
    },
  };
}

/** It must not be done while the checkpointer is frozen. Otherwise another process was frozen. */
async function checkpoint({ postgres }: ChaosSet, milliseconds: number): Promise<void> {
  const { sql } = postgres;
  await sql
    .begin(async (tx) => {
      await tx.unsafe(`set local statement_timeout = ${Math.round(milliseconds / 2)}`);
      // Not CHECKPOINT, which a transaction refuses; this one waits for a checkpoint, too.
      await tx`select pg_backup_start('chaos', true)`;
      throw new Error('a checkpoint was done without a checkpointer');
    })
    .catch((error) => {
      if ((error as { code?: string }).code !== '57014') throw error;
    });
}
