import { runCommand, say } from './runCommand';
import { endQuietlyWhenPipeCloses } from './terminal/terminal';

// They are about code of libraries (grpc-js gives TLS an IP address as a server's name), and an
// operator can't do anything about them.
process.noDeprecation = true;

// An error in a library's timer or socket reaches no promise. It, too, gets one line.
process.on('uncaughtException', (error) => process.exit(say(error)));

endQuietlyWhenPipeCloses();
void runCommand().then((exitCode) => {
  process.exitCode = exitCode;
});
