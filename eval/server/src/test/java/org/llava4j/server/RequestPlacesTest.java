package org.llava4j.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Executor;
import org.junit.jupiter.api.Test;

class RequestPlacesTest {
    private static final Executor THREADS = task -> new Thread(task).start();

    private static RequestPlaces.Place started(RequestPlaces places, String client) throws InterruptedException {
        RequestPlaces.Place place = places.enter(client);
        place.start(() -> {});
        return place;
    }

    @Test
    void oneClientMayHaveAllPlaces() throws InterruptedException {
        RequestPlaces places = new RequestPlaces(1, 2);
        started(places, "proxy");
        places.enter("proxy").addChoices(1);
        assertThatThrownBy(() -> places.enter("proxy")).hasMessageContaining("2 are queued");
    }

    @Test
    void requestOfAnotherClientDisplacesNewestQueued() throws InterruptedException {
        RequestPlaces places = new RequestPlaces(1, 2);
        RequestPlaces.Place running = started(places, "greedy");
        RequestPlaces.Place older = places.enter("greedy");
        RequestPlaces.Place newest = places.enter("greedy");
        RequestPlaces.Place other = places.enter("other");
        assertThat(newest.isDisplaced()).isTrue();
        assertThat(List.of(running, older, other))
                .extracting(RequestPlaces.Place::isDisplaced)
                .containsOnly(false);
        newest.close();
        assertThatThrownBy(() -> other.addChoices(1)).hasMessageContaining("are queued");
        assertThatThrownBy(() -> places.enter("greedy")).hasMessageContaining("are queued");
    }

    @Test
    void runningRequestIsNotDisplaced() throws InterruptedException {
        RequestPlaces places = new RequestPlaces(2, 0);
        RequestPlaces.Place one = started(places, "greedy");
        started(places, "greedy");
        assertThatThrownBy(() -> places.enter("other")).hasMessageContaining("are queued");
        one.finish();
        one.close();
        assertThat(started(places, "other").isDisplaced()).isFalse();
    }

    @Test
    void displacedRequestDoesNotStart() throws InterruptedException {
        RequestPlaces places = new RequestPlaces(1, 1);
        RequestPlaces.Place first = places.enter("greedy");
        RequestPlaces.Place newest = places.enter("greedy");
        places.enter("other");
        assertThatThrownBy(() -> newest.start(() -> {})).hasMessageContaining("this address has more requests");
        first.start(() -> {});
    }

    @Test
    void clientsTakeTurnsToRun() throws InterruptedException {
        RequestPlaces places = new RequestPlaces(1, 10);
        RequestPlaces.Place running = started(places, "greedy");
        List<String> order = Collections.synchronizedList(new ArrayList<>());
        List<CompletableFuture<?>> all = new ArrayList<>();
        for (String client : List.of("greedy", "greedy", "greedy", "other")) {
            CountDownLatch waits = new CountDownLatch(1);
            all.add(CompletableFuture.runAsync(() -> runOnce(places.enter(client), client, order, waits), THREADS));
            waits.await();
        }
        assertThat(places.waiting()).isEqualTo(4);
        running.finish();
        all.forEach(CompletableFuture::join);
        assertThat(order).containsExactly("other", "greedy", "greedy", "greedy");
        assertThat(places.waiting()).isZero();
    }

    private static void runOnce(RequestPlaces.Place place, String client, List<String> order, CountDownLatch waits) {
        try (place) {
            place.start(waits::countDown);
            order.add(client);
            place.finish();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
