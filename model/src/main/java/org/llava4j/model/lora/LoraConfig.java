package org.llava4j.model.lora;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import java.util.stream.IntStream;
import org.llava4j.data.BadInputException;
import org.llava4j.model.config.LlamaConfig;

/**
 * LoRA of a decoder: a linear layer {@code y = W x} becomes {@code y = W x + alpha / rank * B (A drop(x))}, A of shape
 * [rank, in] and B of shape [out, rank]. They are named {@code ...q_proj.lora_A.weight} and {@code ...lora_B.weight}.
 *
 * @param rank 1 or more
 * @param alpha above 0
 * @param dropout share of the input's elements that are dropped before A while learning, 0 up to but not 1
 * @param targets regular expressions, each matching whole names of linear layers' weights of the decoder; the head is
 *     none of them
 */
public record LoraConfig(int rank, double alpha, double dropout, List<String> targets) {
    /** All linear layers of the decoder, as LLaVA has it. */
    public static final List<String> ALL_LINEAR =
            List.of("model\\.layers\\.\\d+\\.(self_attn\\.(q|k|v|o)_proj|mlp\\.(gate|up|down)_proj)\\.weight");

    /** LLaVA's values. */
    public static final LoraConfig LLAVA = new LoraConfig(64, 16, 0.05, ALL_LINEAR);

    private static final List<String> LINEAR_LAYERS = List.of(
            "self_attn.q_proj",
            "self_attn.k_proj",
            "self_attn.v_proj",
            "self_attn.o_proj",
            "mlp.gate_proj",
            "mlp.up_proj",
            "mlp.down_proj");

    private static final String WEIGHT = ".weight";
    private static final String A = ".lora_A.weight";
    private static final String B = ".lora_B.weight";

    public LoraConfig {
        require(rank >= 1, "rank", rank, "give 1 or more");
        require(alpha > 0 && Double.isFinite(alpha), "alpha", alpha, "give a number above 0");
        require(dropout >= 0 && dropout < 1, "dropout", dropout, "give 0 or more, and less than 1");
        targets = targets == null ? List.of() : List.copyOf(targets);
        require(!targets.isEmpty(), "targets", "[]", "name at least one weight of the decoder");
        targets.forEach(LoraConfig::requireRegex);
    }

    /** What the product of B and A is multiplied by. */
    public double scale() {
        return alpha / rank;
    }

    /**
     * Names of a decoder's weights that the targets match, layer by layer.
     *
     * @throws BadInputException if a target matches none
     */
    public Set<String> targetsIn(LlamaConfig decoder) {
        List<String> all = linearWeights(decoder);
        for (String target : targets) {
            if (all.stream().noneMatch(name -> name.matches(target))) {
                throw new BadInputException("\"targets\" of \"lora\" has \"" + target + "\", which matches no linear"
                        + " layer of the decoder's " + decoder.layers() + " layers; they are called like "
                        + all.get(0));
            }
        }
        Set<String> matched = new LinkedHashSet<>(all);
        matched.removeIf(name -> targets.stream().noneMatch(target -> name.matches(target)));
        return matched;
    }

    /** Names of the weights of all linear layers of a decoder, without the head. */
    public static List<String> linearWeights(LlamaConfig decoder) {
        return IntStream.range(0, decoder.layers())
                .boxed()
                .flatMap(layer -> LINEAR_LAYERS.stream().map(name -> "model.layers." + layer + "." + name + WEIGHT))
                .toList();
    }

    /** A's name beside a weight. */
    public static String nameOfA(String weight) {
        return stem(weight) + A;
    }

    /** B's name beside a weight. */
    public static String nameOfB(String weight) {
        return stem(weight) + B;
    }

    public static boolean isA(String name) {
        return name.endsWith(A);
    }

    public static boolean isB(String name) {
        return name.endsWith(B);
    }

    /** Whether a weight is an A or a B. */
    public static boolean isLora(String name) {
        return isA(name) || isB(name);
    }

    /** The weight that an A or a B stands beside. */
    public static String targetOf(String lora) {
        return lora.substring(0, lora.length() - A.length()) + WEIGHT;
    }

    private static String stem(String weight) {
        return weight.substring(0, weight.length() - WEIGHT.length());
    }

    private static void requireRegex(String target) {
        try {
            Pattern.compile(target);
        } catch (PatternSyntaxException e) {
            throw new BadInputException(
                    "\"targets\" of \"lora\" has \"" + target + "\", which is no regular expression: "
                            + e.getDescription(),
                    e);
        }
    }

    private static void require(boolean holds, String key, Object value, String what) {
        if (!holds) {
            throw new BadInputException("\"" + key + "\" of \"lora\" is " + value + "; " + what);
        }
    }
}
