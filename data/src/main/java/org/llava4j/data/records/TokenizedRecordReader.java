package org.llava4j.data.records;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.datavec.api.writable.IntWritable;
import org.datavec.api.writable.Text;
import org.datavec.api.writable.Writable;
import org.llava4j.data.BadInputException;
import org.llava4j.data.conversation.EncodedSample;

/**
 * Record reader of tokenized samples in JSONL: {@code {"number", "where", "id", "image": [...], "length", "input_ids":
 * [...], "target_ranges": [[from, to], ...]}}. The target tokens are given by ranges of positions with exclusive ends;
 * files written before have the key {@code "learned"} for them. An invalid sample has {@code "problem"} in place of
 * ids. A DataVec record is the sample's index and its line.
 */
public final class TokenizedRecordReader extends IndexedRecordReader<TokenizedSample> {
    private static final long serialVersionUID = 1L;
    private static final String NUMBER = "number";
    private static final String WHERE = "where";
    private static final String ID = "id";
    private static final String IMAGE = "image";
    private static final String LENGTH = "length";
    private static final String IDS = "input_ids";
    private static final String TARGETS = "target_ranges";
    private static final String FORMER_TARGETS = "learned";
    private static final String PROBLEM = "problem";

    /**
     * Opens several files, one after the other.
     *
     * @throws BadInputException if one is missing or not JSON
     */
    public static TokenizedRecordReader open(List<Path> files) {
        return opened(new TokenizedRecordReader(), files);
    }

    /** Converts a sample to JSON. */
    static ObjectNode node(TokenizedSample sample) {
        ObjectNode node = JsonNodeFactory.instance.objectNode();
        node.put(NUMBER, sample.number()).put(WHERE, sample.where());
        EncodedSample encoded = sample.encoded();
        if (encoded == null) {
            return node.put(PROBLEM, sample.problem());
        }
        node.put(ID, sample.id());
        ArrayNode images = node.putArray(IMAGE);
        sample.images().forEach(images::add);
        node.put(LENGTH, sample.length());
        ArrayNode ids = node.putArray(IDS);
        Arrays.stream(encoded.inputIds()).forEach(ids::add);
        ArrayNode targets = node.putArray(TARGETS);
        int[] labels = encoded.labels();
        for (int from = 0; from < labels.length; from++) {
            int to = from;
            while (to < labels.length && labels[to] != EncodedSample.IGNORE_INDEX) {
                to++;
            }
            if (to > from) {
                targets.addArray().add(from).add(to);
                from = to;
            }
        }
        return node;
    }

    @Override
    TokenizedSample parse(JsonNode entry, String key) {
        int number = nonNegative(entry, NUMBER);
        JsonFields fields = new JsonFields(entry, "sample " + number);
        if (entry.has(PROBLEM)) {
            return TokenizedSample.bad(number, fields.text(WHERE), fields.text(PROBLEM));
        }
        JsonNode idNodes = entry.path(IDS);
        if (!idNodes.isArray() || idNodes.isEmpty()) {
            throw new BadInputException("sample " + number + ": \"" + IDS + "\" must be a list of ids");
        }
        int[] ids = new int[idNodes.size()];
        int[] labels = new int[ids.length];
        Arrays.fill(labels, EncodedSample.IGNORE_INDEX);
        for (int i = 0; i < ids.length; i++) {
            if (!idNodes.get(i).isInt()) {
                throw new BadInputException("sample " + number + ": \"" + IDS + "\" has " + idNodes.get(i));
            }
            ids[i] = idNodes.get(i).intValue();
        }
        String targetsKey = entry.has(TARGETS) ? TARGETS : FORMER_TARGETS;
        for (JsonNode range : entry.path(targetsKey)) {
            int from = range.path(0).asInt(-1);
            int to = range.path(1).asInt(-1);
            if (from < 0 || to <= from || to > ids.length) {
                throw new BadInputException("sample " + number + ": \"" + targetsKey + "\" has " + range
                        + ", which is not a range of its " + ids.length + " ids");
            }
            System.arraycopy(ids, from, labels, from, to - from);
        }
        return new TokenizedSample(
                number,
                fields.text(WHERE),
                fields.text(ID),
                fields.texts(IMAGE),
                nonNegative(entry, LENGTH),
                new EncodedSample(ids, labels),
                null);
    }

    private static int nonNegative(JsonNode entry, String key) {
        JsonNode value = entry.path(key);
        if (!value.isInt() || value.intValue() < 0) {
            throw new BadInputException("\"" + key + "\" must be a whole number of 0 or more, not " + value);
        }
        return value.intValue();
    }

    @Override
    List<Writable> writables(TokenizedSample value) {
        return List.of(new IntWritable(value.number()), new Text(node(value).toString()));
    }
}
