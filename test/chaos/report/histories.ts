import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import type { Client } from '@temporalio/client';
import { temporal } from '@temporalio/proto';

const { History } = temporal.api.history.v1;

const AS_JSON = { longs: String, enums: String, bytes: String };

/**
 * Writes the histories of all runs that Temporal still has into `histories/` of the folder: as JSON, to
 * replay them, and as text, in which payloads can be read.
 */
export async function writeHistories(client: Client, folder: string): Promise<void> {
  const histories = path.join(folder, 'histories');
  mkdirSync(histories, { recursive: true });
  for await (const { workflowId, runId } of client.workflow.list()) {
    try {
      const history = await client.workflow.getHandle(workflowId, runId).fetchHistory();
      const file = path.join(histories, `${workflowId.replaceAll(/[^\w-]/g, '_')}-${runId}`);
      const plain = History.toObject(History.fromObject(history), AS_JSON);
      const json = JSON.stringify(plain, undefined, 1);
      writeFileSync(`${file}.json`, json);
      writeFileSync(`${file}.txt`, json.replaceAll(/"data": ?"([^"]*)"/g, readable));
    } catch (error) {
      // Deleted since the listing.
      if ((error as { name?: string }).name !== 'WorkflowNotFoundError') throw error;
    }
  }
}

const readable = (_: string, base64: string): string =>
  `"data": ${JSON.stringify(Buffer.from(base64, 'base64').toString())}`;
