package org.llava4j.data.endpoint;

/** A clock that only waiting moves. */
public final class FakeTime implements Time {
    private long now = 1_000_000;

    @Override
    public synchronized long millis() {
        return now;
    }

    @Override
    public synchronized void sleep(long ms) {
        now += ms;
    }
}
