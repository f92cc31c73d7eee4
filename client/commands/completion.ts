import path from 'node:path';
import type { Command } from 'commander';
import { projectFolder } from '../../settings/projectFolder';
import { completeWords, printScript, SHELLS } from './completionScripts';

/** @param commands makes a program without these two commands; the completions come from it */
export function addCompletion(program: Command, commands: () => Command): void {
  program
    .command('completion')
    .description('Prints a script that lets a shell complete commands, options and names.')
    .addArgument(program.createArgument('<shell>').choices(SHELLS))
    .addHelpText(
      'after',
      `
It completes the word lrm, so make that an alias for npx lrm. Names come from
the database, if it answers within a second.

Examples:
  npx lrm completion bash > ~/.lrm-completion.bash
  echo "alias lrm='npx lrm'; source ~/.lrm-completion.bash" >> ~/.bashrc
  npx lrm completion zsh > ~/.lrm-completion.zsh     # source it after compinit
  npx lrm completion fish > ~/.config/fish/completions/lrm.fish`,
    )
    .action((shell: string) => printScript(commands(), shell, executable()));
  program
    .command('complete', { hidden: true })
    .description('The scripts call this.')
    .argument('[words...]')
    .addHelpText('after', '\nExample:\n  npx lrm complete -- status 00')
    .action((words: string[]) => completeWords(commands(), words));
}

/** The quoting is valid in all three shells. */
function executable(): string {
  const quoted = [process.execPath, path.join(projectFolder, 'bin', 'lrm.js')];
  return quoted.map((word) => word.replace(/[^\w@%+=:,./-]/g, '\\$&')).join(' ');
}
