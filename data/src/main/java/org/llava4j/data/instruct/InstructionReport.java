package org.llava4j.data.instruct;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumMap;
import java.util.Map;

/** What became of the calls of each kind. */
public final class InstructionReport {
    private final Map<Kind, Counts> counts = new EnumMap<>(Kind.class);

    /** Counts of one kind. */
    private static final class Counts {
        private int asked;
        private int used;
        private int repaired;
        private int unanswered;
        private final Map<Refusal, Integer> refused = new EnumMap<>(Refusal.class);
    }

    private Counts of(Kind kind) {
        return counts.computeIfAbsent(kind, any -> new Counts());
    }

    void unanswered(Kind kind) {
        of(kind).asked++;
        of(kind).unanswered++;
    }

    void add(Kind kind, Response response) {
        Counts of = of(kind);
        of.asked++;
        response.refusal().ifPresentOrElse(why -> of.refused.merge(why, 1, Integer::sum), () -> of.used++);
        of.repaired += response.repaired() ? 1 : 0;
    }

    /** Samples that were made. */
    public int used() {
        return counts.values().stream().mapToInt(of -> of.used).sum();
    }

    /** Answers that are not used, whatever the reason. */
    public int refused() {
        return counts.values().stream()
                .flatMap(of -> of.refused.values().stream())
                .mapToInt(Integer::intValue)
                .sum();
    }

    /** Calls that have no answer. */
    public int unanswered() {
        return counts.values().stream().mapToInt(of -> of.unanswered).sum();
    }

    /** The report as JSON. */
    public ObjectNode json() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        counts.forEach((kind, of) -> {
            ObjectNode node = json.putObject(kind.label());
            node.put("asked", of.asked)
                    .put("used", of.used)
                    .put("repaired", of.repaired)
                    .put("unanswered", of.unanswered);
            ObjectNode refused = node.putObject("refused");
            of.refused.forEach((why, count) -> refused.put(why.words(), count));
        });
        return json;
    }

    @Override
    public String toString() {
        StringBuilder text = new StringBuilder();
        counts.forEach((kind, of) -> {
            text.append(kind.label())
                    .append(": ")
                    .append(of.used)
                    .append(" of ")
                    .append(of.asked);
            text.append(" used (").append(of.repaired).append(" repaired), ").append(of.unanswered);
            text.append(" unanswered\n");
            of.refused.forEach((why, count) -> text.append("  ")
                    .append(count)
                    .append(" refused: ")
                    .append(why.words())
                    .append('\n'));
        });
        return text.toString().stripTrailing();
    }
}
