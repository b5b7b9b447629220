import { KubeConfig } from '@kubernetes/client-node';
import type { BareRoute } from './bare-patch-child.ts';

/** The current context of a kubeconfig's text. @throws Error when something of it is not there. */
export const accessOf = (text: string): Pick<BareRoute, 'endpoint' | 'caPem' | 'token'> => {
  const config = new KubeConfig();
  config.loadFromString(text);
  const { server, caData } = config.getCurrentCluster() ?? {};
  const token = config.getCurrentUser()?.token;
  if (server === undefined || caData === undefined || token === undefined)
    throw new Error('the kubeconfig names no server, authority or token');
  return {
    endpoint: server.replace(/^https:\/\//, ''),
    caPem: Buffer.from(caData, 'base64').toString(),
    token,
  };
};
