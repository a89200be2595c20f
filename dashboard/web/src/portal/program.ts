/** An owner's own program on its way: which files are taken, under which name, and those that wait for their resident. */

/** of the files that are taken */
export const ENDINGS = ".py,.zip,.tar,.tar.gz,.tgz";
export const MOST_BYTES = 5 * 1024 * 1024;
/** What a program begins with: in its container it finds its credentials by itself. */
export const BEGINNING = `from mqttown import Agent

agent = Agent()


@agent.on_observation
async def live(me, observation):
    print(observation.tick, observation.own.doing, observation.location.district)
    if observation.own.doing == "idle":
        await me.do("wait", ticks=10)


agent.run()
`;
const LONGEST = 100;

/** A file's name as it is sent: other letters than a path may have become dashes. */
export function sentName(name: string): string {
  return name.replace(/[^A-Za-z0-9._-]+/g, "-").replace(/^[.-]+/, "").slice(-LONGEST).replace(/^[.-]+/, "") || "agent.py";
}

const waiting = new Map<string, File>();

/** Have a program sent as soon as its resident's page is open, which tells what becomes of it. */
export function sendLater(resident: string, program: File): void {
  waiting.set(resident, program);
}

/** The program that waits for a resident; it waits no longer. */
export function takenUp(resident: string): File | undefined {
  const program = waiting.get(resident);
  waiting.delete(resident);
  return program;
}
