package org.llava4j.model.generate;

import java.util.List;
import java.util.function.Consumer;
import org.llava4j.data.tokenizer.StreamingDecoder;

/**
 * From tokens to the text of an answer, handed on as it comes: whole characters only, nothing that a stop might still
 * begin with, no spaces around the whole. What was handed on, joined, is the answer.
 */
public final class AnswerStreamer implements TokenListener {
    private final StreamingDecoder decoder;
    private final List<String> stops;
    private final Consumer<String> onText;
    private final StringBuilder emitted = new StringBuilder();
    /** Not handed on yet: it may be a stop, or spaces at the end. */
    private final StringBuilder pending = new StringBuilder();

    private boolean stopped;

    /**
     * @param stops texts that end an answer and are no part of it
     * @param onText hears the text
     */
    public AnswerStreamer(StreamingDecoder decoder, List<String> stops, Consumer<String> onText) {
        this.decoder = decoder;
        this.stops = stops;
        this.onText = onText;
    }

    @Override
    public boolean onToken(int id) {
        pending.append(decoder.next(id));
        emit(false);
        return !stopped;
    }

    /** The whole answer, when no more tokens come. */
    String finish() {
        if (!stopped) {
            pending.append(decoder.finish());
            emit(true);
        }
        return emitted.toString();
    }

    private void emit(boolean last) {
        int stop = firstStopIndex();
        stopped = stop >= 0;
        int end = stopped ? stop : last ? pending.length() : pending.length() - partialStopLength();
        int begin = 0;
        while (emitted.isEmpty() && begin < end && Character.isWhitespace(pending.charAt(begin))) {
            begin++;
        }
        while (end > begin && Character.isWhitespace(pending.charAt(end - 1))) {
            end--;
        }
        if (end > begin) {
            String text = pending.substring(begin, end);
            emitted.append(text);
            pending.delete(0, end);
            onText.accept(text);
        }
    }

    private int firstStopIndex() {
        return stops.stream()
                .mapToInt(pending::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
    }

    /** How many characters at the end may be a stop's beginning. */
    private int partialStopLength() {
        int most = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, pending.length()); length > most; length--) {
                if (stop.startsWith(pending.substring(pending.length() - length))) {
                    most = length;
                }
            }
        }
        return most;
    }
}
