import { pytorchUrl } from '../download/mirror';
import { fine, unwell, type DoctorCheck } from './report';

/** A URL without login and path, which may hold secrets; undefined if it is not a URL. */
function shownOrigin(url: string): string | undefined {
  const bare = URL.canParse(url) ? new URL(url) : undefined;
  return bare === undefined || bare.host === '' ? undefined : `${bare.protocol}//${bare.host}`;
}

/** The variable that counts, which is the first that is set, also to nothing; undefined where it says nothing. */
function setVariable(...names: string[]): string | undefined {
  const name = names.find((one) => process.env[one] !== undefined);
  return name !== undefined && process.env[name] !== '' ? name : undefined;
}

/** The variable that names the proxy to an address, as undici has it. */
function proxyVariable(origin: string | undefined): string | undefined {
  const https = origin?.startsWith('https:') === true ? setVariable('https_proxy', 'HTTPS_PROXY') : undefined;
  return https ?? setVariable('http_proxy', 'HTTP_PROXY');
}

/** Where downloads would come from, and how. Connects to nothing. */
export async function checkNetwork(): Promise<DoctorCheck> {
  const { isOffline } = await import('../download/download.js');
  const offline = isOffline({});
  const proxyNames = ['http_proxy', 'HTTP_PROXY', 'https_proxy', 'HTTPS_PROXY'];
  const others = ['no_proxy', 'NO_PROXY', 'NODE_EXTRA_CA_CERTS', 'RESNET_FT_TORCH_INDEX'];
  const variables = [...proxyNames, ...others, 'RESNET_FT_MIRROR', 'RESNET_FT_OFFLINE'].filter(
    (name) => process.env[name],
  );
  const data = { offline, variables };

  for (const name of proxyNames) {
    if (process.env[name] && shownOrigin(process.env[name]) === undefined) {
      return unwell('problem', 'network', `${name} is not a URL`, `Set ${name} to http://host:port, or unset it`, data);
    }
  }
  let origin: string | undefined;
  try {
    origin = shownOrigin(pytorchUrl(''));
  } catch {
    const fix = 'Set it to the URL of a mirror, or unset it';
    return unwell('problem', 'network', 'RESNET_FT_MIRROR is not an http or https URL', fix, data);
  }
  const mirrored = process.env['RESNET_FT_MIRROR'] ? ' (RESNET_FT_MIRROR)' : '';
  const proxied = proxyVariable(origin);
  const excluding = setVariable('no_proxy', 'NO_PROXY');
  const unless = excluding === undefined ? '' : ` unless ${excluding} excludes it`;
  const proxy =
    proxied === undefined ? 'directly' : `through ${shownOrigin(process.env[proxied] ?? '')} (${proxied})${unless}`;
  const set = others.filter((name) => process.env[name]);
  const also = set.length === 0 ? '' : `; ${set.join(', ')} set`;
  const found = offline
    ? 'downloads are off (RESNET_FT_OFFLINE)'
    : `downloads come from ${origin}${mirrored} ${proxy}${also}`;
  return fine('network', `${found}; not tried here`, data);
}
