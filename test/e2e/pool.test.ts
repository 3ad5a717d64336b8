import { describeFirstBoot } from './first-boot.ts';

describeFirstBoot('pool');
