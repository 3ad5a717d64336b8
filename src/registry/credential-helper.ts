import type { Credentials } from '../core/containers/auth-file.ts';
import { helperProgram, readHelperAnswer } from '../core/containers/credential-helper.ts';
import { messageOf, ToolError } from '../core/errors.ts';

/**
 * Runs `<program> get` with the input on its standard input. Gives status 0 and 1 as answers; throws on anything
 * else, without repeating what the program printed, and when the program takes too long.
 */
export type RunHelper = (
  program: string,
  input: string,
) => Promise<{ readonly status: number; readonly stdout: string }>;

/** Asks a helper for the credentials of a registry; undefined when it has none. `file` named it. */
type AskHelper = (
  name: string,
  registry: string,
  file: string | undefined,
) => Promise<{ readonly credentials: Credentials; readonly program: string } | undefined>;

/** How docker calls its own registry when it talks to a helper. */
const dockerServer = 'https://index.docker.io/v1/';

/** Every helper is asked once for a registry, whatever it answers: one that hangs costs its time limit once. */
export function createHelpers(runHelper: RunHelper): AskHelper {
  const answers = new Map<string, Promise<Credentials | undefined>>();

  const ask = async (program: string, registry: string, file: string | undefined) => {
    const server = registry === 'docker.io' ? dockerServer : registry;
    const fail = (reason: string, cause?: unknown): never => {
      throw new ToolError('host', `${program} cannot give the credentials for ${registry}: ${reason}`, {
        hint: `try "echo ${server} | ${program} get", or change what ${file ?? 'registries.conf'} says of it`,
        cause,
      });
    };
    const { status, stdout } = await runHelper(program, server).catch((error: unknown) => {
      if (error instanceof ToolError && error.code === 'interrupted') throw error;
      return fail(messageOf(error), error);
    });
    const answer = readHelperAnswer(status, stdout);
    if (answer === undefined) return fail(status === 0 ? 'its answer is not understood' : 'it failed');
    return answer === 'none' ? undefined : answer;
  };

  return async (name, registry, file) => {
    const program = helperProgram(name);
    if (program === undefined) {
      throw new ToolError('host', `"${name}" is no credential helper (for ${registry})`, {
        hint: `correct it in ${file ?? 'registries.conf'}: the name is what follows docker-credential-`,
      });
    }
    const key = `${program} ${registry}`;
    const answer = answers.get(key) ?? ask(program, registry, file);
    answers.set(key, answer);
    const credentials = await answer;
    return credentials && { credentials, program };
  };
}
