package org.llava4j.model.generate;

import java.util.List;
import java.util.function.Consumer;
import org.llava4j.data.tokenizer.StreamingDecoder;

/**
 * From tokens to the text of an answer, handed on as it comes: whole characters only, nothing that a stop might still
 * begin with, no spaces around the whole. What was handed on, joined, is the answer.
 */
public final class AnswerText implements TokenListener {
    private final StreamingDecoder decoder;
    private final List<String> stops;
    private final Consumer<String> onText;
    private final StringBuilder said = new StringBuilder();
    /** Not handed on yet: it may be a stop, or spaces at the end. */
    private final StringBuilder held = new StringBuilder();

    private boolean stopped;

    /**
     * @param stops texts that end an answer and are no part of it
     * @param onText hears the text
     */
    public AnswerText(StreamingDecoder decoder, List<String> stops, Consumer<String> onText) {
        this.decoder = decoder;
        this.stops = stops;
        this.onText = onText;
    }

    @Override
    public boolean token(int id) {
        held.append(decoder.next(id));
        handOn(false);
        return !stopped;
    }

    /** The whole answer, when no more tokens come. */
    String finish() {
        if (!stopped) {
            held.append(decoder.finish());
            handOn(true);
        }
        return said.toString();
    }

    private void handOn(boolean last) {
        int stop = firstStop();
        stopped = stop >= 0;
        int end = stopped ? stop : last ? held.length() : held.length() - possibleStop();
        int begin = 0;
        while (said.isEmpty() && begin < end && Character.isWhitespace(held.charAt(begin))) {
            begin++;
        }
        while (end > begin && Character.isWhitespace(held.charAt(end - 1))) {
            end--;
        }
        if (end > begin) {
            String text = held.substring(begin, end);
            said.append(text);
            held.delete(0, end);
            onText.accept(text);
        }
    }

    private int firstStop() {
        return stops.stream()
                .mapToInt(held::indexOf)
                .filter(at -> at >= 0)
                .min()
                .orElse(-1);
    }

    /** How many characters at the end may be a stop's beginning. */
    private int possibleStop() {
        int most = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, held.length()); length > most; length--) {
                if (stop.startsWith(held.substring(held.length() - length))) {
                    most = length;
                }
            }
        }
        return most;
    }
}
