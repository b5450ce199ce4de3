package org.llava4j.model.chat;

import java.util.List;
import java.util.function.Consumer;
import org.llava4j.data.tokenizer.StreamingDecoder;
import org.llava4j.model.generate.TokenListener;

/**
 * Text streamer: detokenizes an answer incrementally and emits each part of its text as soon as it is final. It emits
 * whole characters only, holds back text that may be the beginning of a stop text, and trims whitespace around the
 * answer; the start of a text that continues another one is not trimmed, nor is either end of a verbatim text. The emitted
 * parts, joined, are the answer.
 */
final class AnswerStreamer implements TokenListener {
    private final StreamingDecoder decoder;
    private final List<String> stops;
    private final Consumer<String> onText;
    private final Trim trim;
    private final StringBuilder emitted = new StringBuilder();
    /** Decoded text that is not emitted yet: it may begin a stop text, or be trailing whitespace. */
    private final StringBuilder pending = new StringBuilder();

    private boolean stopped;

    /** The ends of a text whose whitespace is trimmed. */
    private enum Trim {
        BOTH,
        END,
        NONE
    }

    /**
     * @param stops texts that end the answer and are not part of it
     * @param onText receives each part of the text
     */
    AnswerStreamer(StreamingDecoder decoder, List<String> stops, Consumer<String> onText) {
        this(decoder, stops, onText, Trim.BOTH);
    }

    private AnswerStreamer(StreamingDecoder decoder, List<String> stops, Consumer<String> onText, Trim trim) {
        this.trim = trim;
        this.decoder = decoder;
        this.stops = stops;
        this.onText = onText;
    }

    /**
     * A streamer of text that continues another one.
     *
     * @param lastId the last token of the text to continue, which the decoder reads first
     */
    static AnswerStreamer continuing(
            int lastId, StreamingDecoder decoder, List<String> stops, Consumer<String> onText) {
        decoder.next(lastId);
        return new AnswerStreamer(decoder, stops, onText, Trim.END);
    }

    /** A streamer like {@link #continuing} that keeps all whitespace. */
    static AnswerStreamer verbatim(int lastId, StreamingDecoder decoder, List<String> stops, Consumer<String> onText) {
        decoder.next(lastId);
        return new AnswerStreamer(decoder, stops, onText, Trim.NONE);
    }

    @Override
    public boolean onToken(int id) {
        pending.append(decoder.next(id));
        emit(false);
        return !stopped;
    }

    /** Flushes the remaining text and returns the whole answer. */
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
        while (trim == Trim.BOTH && emitted.isEmpty() && begin < end && Character.isWhitespace(pending.charAt(begin))) {
            begin++;
        }
        while (trim != Trim.NONE && end > begin && Character.isWhitespace(pending.charAt(end - 1))) {
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

    /** Length of the longest suffix of the pending text that is a prefix of a stop text. */
    private int partialStopLength() {
        int longest = 0;
        for (String stop : stops) {
            for (int length = Math.min(stop.length() - 1, pending.length()); length > longest; length--) {
                if (stop.startsWith(pending.substring(pending.length() - length))) {
                    longest = length;
                }
            }
        }
        return longest;
    }
}
