package org.llava4j.model.folder;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.llava4j.data.AtomicFile;
import org.llava4j.data.BadInputException;
import org.llava4j.data.JsonInput;
import org.llava4j.data.tensors.LazyTensor;
import org.llava4j.data.tokenizer.ImageStartEndTokens;
import org.llava4j.data.tokenizer.LlamaTokenizer;
import org.llava4j.model.config.LlamaConfig;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Makes room for the tokens around an image in a LLaMA folder that lacks them, as the published code does: the tokens
 * get the ids behind the tokenizer's, and their rows of the embedding and of the head begin at the mean of the old
 * ones. V is the number of rows before, V' after.
 */
public final class VocabularyGrowth {
    private static final Set<String> TABLES = Set.of("model.embed_tokens.weight", "lm_head.weight");
    private static final String ADDED = "added_tokens.json";
    private static final List<String> COPIED =
            List.of(FolderFiles.TOKENIZER, "special_tokens_map.json", FolderFiles.TOKENIZER_CONFIG, ADDED);
    private static final int PIECE_ROWS = 1024;

    private final Path folder;
    private final int rows;
    private final LlamaTokenizer before;
    private final LlamaTokenizer after;

    private VocabularyGrowth(Path folder, int rows, LlamaTokenizer before, LlamaTokenizer after) {
        this.folder = folder;
        this.rows = rows;
        this.before = before;
        this.after = after;
    }

    /**
     * The growth by the tokens around an image; nothing is written.
     *
     * @param folder a LLaMA folder with its tokenizer
     * @param patchToken whether {@code <im_patch>} is added too ({@code mm_use_im_patch_token}), before the others
     */
    public static VocabularyGrowth of(Path folder, boolean patchToken) {
        List<String> wanted = patchToken
                ? List.of(ImageStartEndTokens.PATCH, ImageStartEndTokens.START, ImageStartEndTokens.END)
                : List.of(ImageStartEndTokens.START, ImageStartEndTokens.END);
        return of(folder, LlamaConfig.read(folder).vocabSize(), wanted);
    }

    /**
     * The growth by any special tokens, and by those that the tokenizer has beyond the rows; nothing is written. Tokens
     * that the tokenizer has already keep their ids and rows.
     *
     * @param folder where the tokenizer is
     * @param rows V
     */
    static VocabularyGrowth of(Path folder, int rows, List<String> tokens) {
        LlamaTokenizer before = LlamaTokenizer.load(folder);
        return new VocabularyGrowth(folder, rows, before, before.withSpecialTokens(tokens));
    }

    /** V'. Rows that V has beyond the tokenizer's ids are padding, which the new tokens take first. */
    public int vocabSize() {
        return Math.max(rows, after.size());
    }

    /** The new tokens with their ids, in order. */
    public Map<String, Integer> addedTokens() {
        Map<String, Integer> added = new LinkedHashMap<>();
        for (int id = before.size(); id < after.size(); id++) {
            added.put(after.piece(id), id);
        }
        return added;
    }

    /** Whether a tensor has a row for each token. */
    public static boolean isTable(String tensor) {
        return TABLES.contains(tensor);
    }

    /**
     * The grown table {@code [V', D]} of a table {@code [V, D]}, as a new array.
     *
     * @throws BadInputException if it has not as many rows as the folder's config says
     */
    public INDArray grow(INDArray table) {
        if (table.rank() != 2 || table.size(0) != rows) {
            throw new BadInputException(folder + ": \"vocab_size\" is " + rows + " but a table has " + table.size(0)
                    + " rows; use the config.json that came with these weights");
        }
        INDArray grown = Nd4j.create(table.dataType(), vocabSize(), table.size(1));
        grown.get(NDArrayIndex.interval(0, rows), NDArrayIndex.all()).assign(table);
        int old = Math.min(rows, before.size());
        INDArray mean = mean(table, old).castTo(table.dataType());
        for (int id = old; id < after.size(); id++) {
            grown.putRow(id, mean);
        }
        return grown;
    }

    /** Mean of the first rows, added up in double. */
    private static INDArray mean(INDArray table, int count) {
        INDArray sum = Nd4j.zeros(DataType.DOUBLE, table.size(1));
        for (int from = 0; from < count; from += PIECE_ROWS) {
            INDArray piece =
                    table.get(NDArrayIndex.interval(from, Math.min(count, from + PIECE_ROWS)), NDArrayIndex.all());
            try (INDArray wide = piece.castTo(DataType.DOUBLE)) {
                sum.addi(wide.sum(0));
            }
        }
        return sum.divi(count);
    }

    /** The tokenizer that knows the new tokens. */
    LlamaTokenizer tokenizer() {
        return after;
    }

    /** The tensor as it is after the growth; what is no table stays. */
    LazyTensor apply(LazyTensor tensor) {
        boolean newRows = after.size() > Math.min(rows, before.size());
        return isTable(tensor.name()) && newRows
                ? tensor.mapFloats(this::grow, vocabSize(), tensor.info().shape()[1])
                : tensor;
    }

    /**
     * Writes the grown tokenizer's files into a folder that is there. {@code tokenizer.json} of a fast tokenizer stays
     * behind: it would not know the tokens.
     */
    public void writeTokenizer(Path to) {
        if (addedTokens().isEmpty()) {
            FolderFiles.copyTokenizer(folder, to);
            return;
        }
        FolderFiles.copyExisting(COPIED, folder, to);
        ObjectNode config = objectOf(FolderFiles.TOKENIZER_CONFIG);
        ObjectNode ids = objectOf(ADDED);
        after.addedTokensAfterPieces().forEach((id, token) -> ids.put(token, id));
        AtomicFile.writeString(to.resolve(ADDED), ids.toPrettyString() + "\n");
        // Who finds this key reads added tokens from nowhere else.
        if (config.get("added_tokens_decoder") instanceof ObjectNode decoder) {
            after.addedTokensAfterPieces().forEach((id, token) -> {
                if (!decoder.has(String.valueOf(id))) {
                    describe(token, decoder.putObject(String.valueOf(id)));
                }
            });
            AtomicFile.writeString(to.resolve(FolderFiles.TOKENIZER_CONFIG), config.toPrettyString() + "\n");
        }
    }

    private static void describe(String token, ObjectNode entry) {
        entry.put("content", token);
        for (String flag : List.of("lstrip", "normalized", "rstrip", "single_word")) {
            entry.put(flag, false);
        }
        entry.put("special", true);
    }

    private ObjectNode objectOf(String name) {
        Path file = folder.resolve(name);
        return Files.isRegularFile(file)
                ? (ObjectNode) JsonInput.readObject(file)
                : JsonNodeFactory.instance.objectNode();
    }
}
