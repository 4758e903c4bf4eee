/** How many requests are under way. The engine answers one after the other, a completion before a chat; who waits is counted here. */

import { ApiError } from './api-error.ts';

export interface Lane {
  /** What is called once, when the request is done. Throws an `ApiError` where too many are under way. */
  enter(): () => void;
}

/** @param most how many may wait beside the one that is answered; a further one is refused with status 429 */
export function createLane(most: number): Lane {
  let underWay = 0;
  return {
    enter() {
      if (underWay > most) {
        const message = `${underWay} requests are under way, and no more wait. Try again in a moment.`;
        throw new ApiError({ status: 429, code: 'rate_limit_exceeded', message });
      }
      underWay++;
      return () => {
        underWay--;
      };
    },
  };
}
