package org.llava4j.data.llm;

/** Clock that only sleeping advances. */
public final class FakeClock implements MonotonicClock {
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
