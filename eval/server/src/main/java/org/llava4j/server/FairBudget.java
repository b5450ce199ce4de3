package org.llava4j.server;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A budget that clients share. One client may take all of it while no other needs it. When it is exhausted, a client that
 * would hold less than the one with the most takes units from that one: its newest holding that may be displaced ends.
 */
final class FairBudget {
    private final Map<Object, Long> held = new HashMap<>();
    /** Holdings that may be displaced, the oldest first. */
    private final Set<Holding> displaceable = new LinkedHashSet<>();

    private long free;

    FairBudget(long units) {
        free = units;
    }

    /**
     * Opens a holding without units. It may be displaced until {@link Holding#tryPin}.
     *
     * @param onDisplaced called once if the holding is displaced, on a thread of another client, without a lock
     */
    Holding open(Object client, Runnable onDisplaced) {
        return new Holding(client, onDisplaced);
    }

    /** Units of the budget that one piece of work of a client holds. */
    final class Holding implements AutoCloseable {
        private final Object client;
        private final Runnable onDisplaced;
        private long units;
        private boolean pinned;
        private volatile boolean displaced;

        private Holding(Object client, Runnable onDisplaced) {
            this.client = client;
            this.onDisplaced = onDisplaced;
        }

        /** Adds units; returns false without them if the budget is exhausted or this holding was displaced. */
        boolean tryGrow(long more) {
            List<Holding> ended = new ArrayList<>();
            boolean grown = tryTake(this, more, ended);
            ended.forEach(holding -> holding.onDisplaced.run());
            return grown;
        }

        /** Protects this holding from being displaced; returns false if it was before. */
        boolean tryPin() {
            synchronized (FairBudget.this) {
                displaceable.remove(this);
                pinned = true;
                return !displaced;
            }
        }

        boolean isDisplaced() {
            return displaced;
        }

        /** Returns the units; has no effect the second time. */
        @Override
        public void close() {
            synchronized (FairBudget.this) {
                displaceable.remove(this);
                returnUnits(this);
            }
        }
    }

    private synchronized boolean tryTake(Holding holding, long more, List<Holding> ended) {
        if (holding.displaced) {
            return false;
        }
        long wanted = heldBy(holding.client) + more;
        while (free < more) {
            Holding victim = newestOfLargest(wanted);
            if (victim == null) {
                return false;
            }
            displaceable.remove(victim);
            victim.displaced = true;
            returnUnits(victim);
            ended.add(victim);
        }
        free -= more;
        holding.units += more;
        if (!holding.pinned) {
            displaceable.add(holding);
        }
        held.merge(holding.client, more, Long::sum);
        return true;
    }

    private void returnUnits(Holding holding) {
        free += holding.units;
        held.computeIfPresent(holding.client, (client, units) -> units == holding.units ? null : units - holding.units);
        holding.units = 0;
    }

    private long heldBy(Object client) {
        return held.getOrDefault(client, 0L);
    }

    /** The newest holding with units of the client that holds the most, if that is more than a number of units. */
    private @Nullable Holding newestOfLargest(long wanted) {
        Holding newest = null;
        long most = wanted;
        for (Holding holding : displaceable) {
            long units = heldBy(holding.client);
            if (units > wanted && units >= most) {
                newest = holding;
                most = units;
            }
        }
        return newest;
    }
}
