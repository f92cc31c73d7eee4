import type { JobProcess, StartedJob } from './jobProcess';
import type { FromJobProcess, ThreadInput, ToJobProcess } from './messages';

/** A job process while one attempt uses it. It may go on after that, when the attempt has ended well. */
export class Loan implements StartedJob {
  readonly ended: StartedJob['ended'];
  /** Undefined: it has not ended. */
  private endedWell: boolean | undefined;
  private over: Promise<boolean> | undefined;

  /**
   * @param giveBack called when run() has returned and was not stopped. False: the process could not
   *   be ended
   */
  constructor(
    private readonly jobProcess: JobProcess,
    input: ThreadInput,
    private readonly giveBack: () => Promise<boolean>,
  ) {
    this.ended = jobProcess.ended;
    this.onMessage((message) => {
      // An error before or after it, as of a timer, is one of the attempt.
      if (message.type === 'returned') this.endedWell ??= !message.stopped;
      if (message.type === 'failed' || message.type === 'exited') this.endedWell = false;
    });
    jobProcess.begin(input);
  }

  send(message: ToJobProcess): void {
    if (!this.over) this.jobProcess.send(message);
  }

  onMessage(listener: (message: FromJobProcess) => void): void {
    this.jobProcess.onMessage((message) => {
      if (!this.over) listener(message);
    });
  }

  end(): Promise<boolean> {
    this.over ??= this.endedWell ? this.giveBack() : this.jobProcess.end();
    return this.over;
  }
}
