package org.llava4j.server;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;
import org.llava4j.model.chat.Answer;
import org.llava4j.model.chat.LlavaModel;
import org.llava4j.model.chat.PendingAnswer;
import org.llava4j.model.folder.ModelChangedException;
import org.llava4j.model.generate.NonFiniteLogitsException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One request at work: generates its answers and sends them. Runs on the request's thread. */
final class AnswerRun {
    private static final Logger LOG = LoggerFactory.getLogger(AnswerRun.class);
    private static final long POLL_MILLIS = 200;

    private final LlavaModel model;
    private final ServerMetrics metrics;
    private final AnswerRequest request;
    private final AnswerWriter writer;
    private final RequestWatch watch;
    private final RequestPlaces.Place place;
    private final long startNanos = System.nanoTime();
    private final BlockingQueue<TextChunk> chunks = new LinkedBlockingQueue<>();
    private final List<RunningAnswer> running = new ArrayList<>();

    /** A part of the text of a choice, or its end. */
    private record TextChunk(int choice, String text, boolean last) {}

    /**
     * @param watch over the request; also ends the answers of a stopping server
     * @param place of the request, which its answers run in
     */
    AnswerRun(
            LlavaModel model,
            ServerMetrics metrics,
            AnswerRequest request,
            AnswerWriter writer,
            RequestWatch watch,
            RequestPlaces.Place place) {
        this.place = place;
        this.model = model;
        this.metrics = metrics;
        this.request = request;
        this.writer = writer;
        this.watch = watch;
    }

    /** The place of the request; close it after {@link #run}. */
    RequestPlaces.Place place() {
        return place;
    }

    /**
     * Generates the answers, when it is their turn, and sends them.
     *
     * @throws IOException if the client is disconnected, or has not received a stream in time
     * @throws RuntimeException if generation fails before the response has started
     */
    void run() throws IOException {
        if (request.stream()) {
            watch.closeWhenOverdue();
        }
        try {
            place.start(watch::check);
            submitAll();
            forwardChunks();
            List<Answer> answers = running.stream()
                    .map(answer -> answer.pending().answer().join())
                    .toList();
            answers.forEach(answer -> metrics.completed(answer, seconds()));
            if (request.stream()) {
                writer.endStream(running, answers);
            } else {
                writer.send(running, answers);
            }
        } catch (CompletionException e) {
            fail(e.getCause() instanceof RuntimeException cause ? cause : e);
        } catch (ModelChangedException e) {
            fail(e);
        } catch (ApiException e) {
            metrics.aborted(e.isTimeout() ? "timeout" : place.isDisplaced() ? "displaced" : "server stopping");
            fail(e);
        } catch (RequestWatch.ClientGoneException e) {
            metrics.aborted("client gone");
            throw new IOException(e.getMessage(), e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("the server is stopping", e);
        } catch (IOException e) {
            metrics.aborted(watch.isOverdue() ? "timeout" : "client gone");
            throw e;
        } finally {
            // Has no effect on a finished answer; stops generation after a timeout or disconnect.
            running.forEach(answer -> answer.pending().cancel());
        }
    }

    /** Submits all answers; the place ends when the model has finished them, also if they are not sent yet. */
    private void submitAll() {
        try {
            for (int i = 0; i < request.choices(); i++) {
                running.add(submit(i));
            }
        } finally {
            CompletableFuture.allOf(running.stream()
                            .map(answer -> answer.pending().answer())
                            .toArray(CompletableFuture<?>[]::new))
                    .whenComplete((done, failure) -> place.finish());
        }
    }

    private RunningAnswer submit(int index) {
        PendingAnswer pending = request.submit(model, index, text -> chunks.add(new TextChunk(index, text, false)));
        pending.answer().whenComplete((answer, failure) -> chunks.add(new TextChunk(index, "", true)));
        return new RunningAnswer(index, pending);
    }

    /** Forwards generated text until all answers are complete. */
    private void forwardChunks() throws IOException, InterruptedException {
        boolean sentFirst = false;
        int open = running.size();
        while (open > 0) {
            TextChunk chunk = nextChunk();
            watch.check();
            if (chunk == null) {
                continue;
            }
            if (chunk.last()) {
                open--;
                continue;
            }
            if (!sentFirst) {
                metrics.firstText(seconds());
                sentFirst = true;
            }
            if (request.stream()) {
                writer.stream(running, running.get(chunk.choice()), chunk.text());
            }
        }
    }

    /** The next chunk; null if there is none for a while. */
    private @Nullable TextChunk nextChunk() throws InterruptedException {
        return chunks.poll(POLL_MILLIS + 1, TimeUnit.MILLISECONDS);
    }

    private double seconds() {
        return (System.nanoTime() - startNanos) / 1e9;
    }

    /** Sends an error: as the response if none is started, else as the last event of the stream. */
    private void fail(RuntimeException thrown) throws IOException {
        RuntimeException failure = thrown;
        if (thrown instanceof ModelChangedException) {
            // Clients do not learn the names of files.
            LOG.error("{}", thrown.getMessage());
            failure = ApiException.modelChanged();
        }
        if (!writer.endWithError(streamError(failure))) {
            throw failure;
        }
    }

    private static ApiException streamError(RuntimeException failure) {
        if (failure instanceof ApiException error) {
            return error;
        }
        if (failure instanceof NonFiniteLogitsException logits) {
            return ApiException.nonFiniteLogits(logits);
        }
        return new ApiException(500, "server_error", null, null, "generation failed");
    }
}
