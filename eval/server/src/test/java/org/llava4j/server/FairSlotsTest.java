package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

class FairSlotsTest {
    private static final Executor THREADS = task -> new Thread(task).start();
    private static final IllegalStateException OVER = new IllegalStateException("time is over");

    /** Ends work that does not get its slots at once. */
    private static final Runnable NO_WAIT = () -> {
        throw OVER;
    };

    private final List<String> granted = Collections.synchronizedList(new ArrayList<>());

    /** Queues work of a client for one slot, after all that waits already. */
    private void queue(FairSlots slots, String client) {
        int before = slots.waiting();
        THREADS.execute(() -> {
            try {
                slots.acquire(client, 1, () -> {});
                granted.add(client);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        });
        while (slots.waiting() == before) {
            Thread.onSpinWait();
        }
    }

    private void awaitGranted(int count) {
        while (granted.size() < count) {
            Thread.onSpinWait();
        }
    }

    @Test
    void clientWithFewestSlotsIsNext() throws InterruptedException {
        FairSlots slots = new FairSlots(4);
        // The last turn of "few" is later than that of "many".
        for (String client : List.of("ends", "many", "many", "few")) {
            slots.acquire(client, 1, NO_WAIT);
        }
        queue(slots, "many");
        queue(slots, "few");
        slots.release("ends", 1);
        awaitGranted(1);
        assertThat(granted).containsExactly("few");
        slots.release("many", 1);
        awaitGranted(2);
        assertThat(slots.waiting()).isZero();
    }

    @Test
    void clientsTakeTurns() throws InterruptedException {
        FairSlots slots = new FairSlots(1);
        slots.acquire("first", 1, NO_WAIT);
        for (String client : List.of("first", "first", "second", "second")) {
            queue(slots, client);
        }
        String holder = "first";
        for (int done = 1; done <= 4; done++) {
            slots.release(holder, 1);
            awaitGranted(done);
            holder = granted.get(done - 1);
        }
        assertThat(granted).containsExactly("second", "first", "second", "first");
    }

    /** A client that waits when its former work ends stays known, unlike one that comes anew. */
    @Test
    void newClientsDoNotOvertakeWaitingClient() throws InterruptedException {
        FairSlots slots = new FairSlots(1);
        slots.acquire("waits", 1, NO_WAIT);
        queue(slots, "new 0");
        queue(slots, "waits");
        slots.release("waits", 1);
        awaitGranted(1);
        for (int done = 1; done <= 3; done++) {
            queue(slots, "new " + done);
            slots.release(granted.get(done - 1), 1);
            awaitGranted(done + 1);
        }
        assertThat(granted).containsExactly("new 0", "waits", "new 1", "new 2");
    }

    /** The work that ends and the slot that is granted to it meet. */
    @Test
    void slotGrantedToEndedWorkIsReturned() throws InterruptedException {
        FairSlots slots = new FairSlots(1);
        slots.acquire("first", 1, NO_WAIT);
        assertThatThrownBy(() -> slots.acquire("second", 1, () -> {
                    slots.release("first", 1);
                    throw OVER;
                }))
                .isSameAs(OVER);
        slots.acquire("third", 1, NO_WAIT);
    }

    @Test
    void endedWorkLetsOthersPass() throws InterruptedException {
        FairSlots slots = new FairSlots(2);
        slots.acquire("first", 1, NO_WAIT);
        assertThatThrownBy(() -> slots.acquire("second", 2, NO_WAIT)).isSameAs(OVER);
        assertThat(slots.waiting()).isZero();
        slots.acquire("third", 1, NO_WAIT);
    }

    @Test
    void workOfMoreSlotsThanThereAreTakesAll() throws InterruptedException {
        FairSlots slots = new FairSlots(2);
        slots.acquire("large", 5, NO_WAIT);
        assertThatThrownBy(() -> slots.acquire("other", 1, NO_WAIT)).isSameAs(OVER);
        slots.release("large", 5);
        slots.acquire("other", 2, NO_WAIT);
        assertThatThrownBy(() -> slots.acquire("large", 1, NO_WAIT))
                .as("5 slots were not returned")
                .isSameAs(OVER);
    }
}
