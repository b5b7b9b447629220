import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Credentials } from './credentials.ts';

/** The label or annotation selector of the nodes that KWOK plays. */
export const KWOK_NODE_ANNOTATION = { 'kwok.x-k8s.io/node': 'fake' } as const;

/** Where the API server writes who asked for what; one JSON object a line. */
export const auditFile = (folder: string): string => join(folder, 'audit.log');

/** Only what users of the tests do: the controllers' own requests are many and nobody asks for them. */
const AUDIT_POLICY = {
  apiVersion: 'audit.k8s.io/v1',
  kind: 'Policy',
  omitStages: ['RequestReceived', 'ResponseStarted'],
  rules: [
    { level: 'None', users: ['controller-manager', 'scheduler', 'kwok', 'system:apiserver', 'admin'] },
    { level: 'Metadata' },
  ],
};

export const etcdArgs = (folder: string, clients: string, peers: string): readonly string[] => [
  `--data-dir=${join(folder, 'etcd')}`,
  `--listen-client-urls=${clients}`,
  `--advertise-client-urls=${clients}`,
  `--listen-peer-urls=${peers}`,
  `--initial-advertise-peer-urls=${peers}`,
  `--initial-cluster=default=${peers}`,
  // Nobody needs these data after a crash of the machine.
  '--unsafe-no-fsync',
  '--log-level=warn',
];

export interface ApiServerInput {
  readonly folder: string;
  readonly etcd: string;
  /** `127.0.0.1:PORT` */
  readonly endpoint: string;
  readonly credentials: Credentials;
}

export const apiServerArgs = ({ folder, etcd, endpoint, credentials }: ApiServerInput): readonly string[] => {
  const policy = join(folder, 'audit-policy.json');
  writeFileSync(policy, JSON.stringify(AUDIT_POLICY));
  return [
    `--etcd-servers=${etcd}`,
    '--bind-address=127.0.0.1',
    '--advertise-address=127.0.0.1',
    `--secure-port=${endpoint.split(':')[1] ?? ''}`,
    `--cert-dir=${folder}`,
    `--tls-cert-file=${credentials.certificateFile}`,
    `--tls-private-key-file=${credentials.keyFile}`,
    `--token-auth-file=${credentials.tokenFile}`,
    '--authorization-mode=RBAC',
    '--service-account-issuer=https://kubernetes.default.svc',
    `--service-account-key-file=${credentials.serviceAccountKeyFile}`,
    `--service-account-signing-key-file=${credentials.serviceAccountKeyFile}`,
    '--service-cluster-ip-range=10.96.0.0/16',
    // Pods need no mounted tokens here.
    '--disable-admission-plugins=ServiceAccount',
    // As on GKE: who asks for a GPU tolerates the taint that nodes with GPUs have.
    '--enable-admission-plugins=ExtendedResourceToleration',
    // It would refuse to publish a loopback address as an endpoint.
    '--endpoint-reconciler-type=none',
    `--audit-policy-file=${policy}`,
    `--audit-log-path=${auditFile(folder)}`,
  ];
};

export const controllerManagerArgs = (kubeconfig: string, credentials: Credentials): readonly string[] => [
  `--kubeconfig=${kubeconfig}`,
  '--secure-port=0',
  '--leader-elect=false',
  `--service-account-private-key-file=${credentials.serviceAccountKeyFile}`,
  `--root-ca-file=${credentials.certificateFile}`,
  // KWOK's heartbeats are rare: with the default its nodes turn NotReady and their pods lose readiness.
  '--node-monitor-grace-period=24h',
];

export const schedulerArgs = (kubeconfig: string): readonly string[] => [
  `--kubeconfig=${kubeconfig}`,
  '--secure-port=0',
  '--leader-elect=false',
];

export const kwokArgs = (kubeconfig: string, stages: string): readonly string[] => {
  const [[key, value] = ['', '']] = Object.entries(KWOK_NODE_ANNOTATION);
  return [
    `--kubeconfig=${kubeconfig}`,
    `--config=${stages}`,
    '--manage-all-nodes=false',
    `--manage-nodes-with-annotation-selector=${key}=${value}`,
    // Reserved ranges: whoever takes a made-up address for a real one gets nowhere.
    '--node-ip=192.0.2.1',
    '--cidr=240.0.0.0/16',
  ];
};
