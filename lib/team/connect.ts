import type { TeamConnection } from '../backend/types';
import { loadAddonInBackground } from '../backend/native/load';
import { ResnetFtError } from '../errors';
import { BUILD_C10D, findC10d } from '../libtorch/c10d';
import { findLibtorch } from '../libtorch/find';
import type { TeamPlace } from './place';
import { Team } from './team';

function libraryFor(kind: 'cpu' | 'cuda'): string {
  const found = findC10d(findLibtorch().version, kind);
  if ('file' in found) return found.file;
  throw new ResnetFtError('ADDON_NOT_LOADED', `Several processes can't train together: ${found.reason}`, {
    hint: BUILD_C10D,
  });
}

/**
 * Connects this process with those that train with it, as soon as all have come.
 *
 * @param device `cpu`, or the GPU of this process
 * @param timeout seconds for which another process may keep this one waiting
 * @throws ResnetFtError ADDON_NOT_LOADED, TEAM_INVALID where the port is taken, TEAM_LOST where one does not come
 */
export async function connectTeam(place: TeamPlace, device: string, timeout: number): Promise<Team> {
  const gpu = device !== 'cpu';
  const addon = await loadAddonInBackground(gpu);
  const { rank, world, host, port, restarts, storeIsServed } = place;
  let connection: TeamConnection;
  try {
    connection = await addon.connectTeam({
      ...{ library: libraryFor('cpu'), cudaLibrary: gpu ? libraryFor('cuda') : '' },
      ...{ rank, world, host, port, device, timeout },
      serves: rank === 0 && !storeIsServed,
      ...{ prefix: 'resnet-ft', attempt: restarts },
    });
  } catch (error) {
    throw connectionError(error as NodeJS.ErrnoException, place);
  }
  return new Team(connection, place, timeout);
}

function connectionError(error: NodeJS.ErrnoException, { host, port, world }: TeamPlace): Error {
  const { code, message } = error;
  if (code !== 'NATIVE_ERROR') return error;
  if (message.includes('EADDRINUSE')) {
    return new ResnetFtError('TEAM_INVALID', `Port ${port} of this machine is taken by another program`, {
      hint: 'Choose another one with MASTER_PORT',
      cause: error,
    });
  }
  const nowhere = /Unable to find address for: (.*)$/.exec(message)?.[1];
  if (nowhere !== undefined) {
    const message = `The environment variable GLOO_SOCKET_IFNAME names ${nowhere}, and this machine has no such network interface`;
    return new ResnetFtError('TEAM_INVALID', message, { hint: '`ip addr` lists them', cause: error });
  }
  const missing = /process (\d+) of \d+ has not come (.*)$/.exec(message);
  const what =
    missing === null
      ? `The processes of the training can't be connected by ${host}:${port}: ${message.replace(/^lost: /, '')}`
      : `Process ${Number(missing[1]) + 1} of ${world} has not come to ${host}:${port} ${missing[2]}`;
  return new ResnetFtError('TEAM_LOST', what, { cause: error });
}
