package org.llava4j.model.folder;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.InputPaths;
import org.llava4j.data.InputSnapshot;
import org.llava4j.data.JsonInput;
import org.llava4j.model.tensors.LazyTensor;
import org.llava4j.model.tensors.ShardedSafetensorsWriter;
import org.llava4j.model.weights.Checkpoint;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * Weight deltas, the format of LLaVA's first released weights: a LLaVA minus the LLaMA it was trained from, tensor by
 * tensor, which is usable only with the base model. Tensors that the base does not have (projector, vision tower) are
 * stored unchanged. Embedding tables of the LLaVA may have more rows; the base's rows are then subtracted from the
 * first ones. Differences and sums are computed in float32 and rounded once.
 *
 * <p>Deltas written by LLaVA4J record the hash of their base, which is checked; for published ones only names and
 * shapes can be checked.
 *
 * @param base the LLaMA folder
 * @param type dtype of all written tensors; the default is the stored dtype of the tensor that is not the base's
 * @param shardBytes maximum bytes of tensor data per file
 */
public record Delta(Path base, SaveType type, long shardBytes) {
    /** The {@link AtomicFolder} kind of deltas. */
    static final String KIND = Checkpoint.DELTA_KIND;

    private static final int MAX_LISTED = 12;

    /**
     * Writes {@code target - base} with the target's config and tokenizer.
     *
     * @throws BadInputException if the models do not match, or the output cannot be written; nothing is written then
     */
    public void make(Path target, Path output) {
        write(target, output, KIND, (whole, part) -> whole.subi(part));
    }

    /**
     * Writes {@code base + delta} as a LLaVA with the delta's config and tokenizer.
     *
     * @return whether the delta records its base's hash, so that the base was verified
     * @throws BadInputException if the delta was made for another base, the models do not match, or the output cannot
     *     be written; nothing is written then
     */
    public boolean apply(Path delta, Path output) {
        return write(delta, output, CheckpointWriter.KIND, (whole, part) -> whole.addi(part));
    }

    /** @return whether the base's hash is known */
    private boolean write(Path from, Path output, String kind, BiConsumer<INDArray, INDArray> change) {
        boolean isMaking = kind.equals(KIND);
        try (AtomicFolder folder = AtomicFolder.begin(output, kind, InputPaths.of(base, from));
                NamedWeights bases = NamedWeights.open(base);
                NamedWeights all = NamedWeights.open(from)) {
            InputSnapshot read = InputSnapshot.byMetadata(files(from));
            requireFits(bases, all, from);
            if (isMaking && KIND.equals(AtomicFolder.kindOf(from))) {
                throw new BadInputException(from + " is a delta; give the full model");
            }
            String recordedHash = ModelManifest.readBase(from);
            String hash = isMaking || recordedHash != null ? bases.sha256() : null;
            if (!isMaking && !Objects.equals(hash, recordedHash)) {
                throw new BadInputException(from + " was made for a base model with hash " + recordedHash + ", but "
                        + base + " has hash " + hash + "; give the base model it was made for");
            }
            List<LazyTensor> tensors = new ArrayList<>();
            all.tensors().forEach((name, tensor) -> {
                LazyTensor part = bases.tensors().get(name);
                LazyTensor typed = type.apply(tensor);
                tensors.add((part == null ? typed : changed(typed, part, change)).withName(tensor.name()));
            });
            ShardedSafetensorsWriter.write(folder.path(), tensors, shardBytes);
            copyOthers(from, folder.path());
            ModelManifest.write(
                    folder.path(),
                    new ModelManifest.Provenance(
                            kind,
                            all.layout().toString(),
                            null,
                            null,
                            isMaking ? hash : null,
                            sources(all, bases, from, isMaking)));
            read.requireUnchanged();
            folder.commit();
            return hash != null;
        }
    }

    private List<Path> files(Path from) {
        List<Path> files = new ArrayList<>(new ModelFiles(base, base, null).all());
        files.addAll(new ModelFiles(from, from, null).all());
        Path tower = from.resolve(LlavaFolder.TOWER_FOLDER);
        if (Files.isDirectory(tower)) {
            files.addAll(FolderFiles.list(tower));
        }
        return files;
    }

    /** Applies the change to the first rows of a table that has more rows than the base's. */
    private static LazyTensor changed(LazyTensor tensor, LazyTensor base, BiConsumer<INDArray, INDArray> change) {
        return tensor.mapFloats(
                floats -> {
                    INDArray whole = floats.dup('c');
                    base.useAsFloats(part -> {
                        boolean same = whole.size(0) == part.size(0);
                        change.accept(
                                same ? whole : whole.get(NDArrayIndex.interval(0, part.size(0)), NDArrayIndex.all()),
                                part);
                    });
                    return whole;
                },
                tensor.info().shape());
    }

    private void requireFits(NamedWeights bases, NamedWeights all, Path from) {
        List<String> problems = new ArrayList<>();
        all.tensors().forEach((name, tensor) -> {
            LazyTensor part = bases.tensors().get(name);
            if (part == null && !NamedWeights.isLlavaOnly(name)) {
                problems.add(tensor.info() + " is missing in the base");
            } else if (part != null
                    && !fits(name, tensor.info().shape(), part.info().shape())) {
                problems.add(tensor.info() + " is " + part.info() + " in the base");
            }
        });
        bases.tensors().forEach((name, tensor) -> {
            if (!all.tensors().containsKey(name)) {
                problems.add(tensor.info() + " of the base is missing in " + from);
            }
        });
        if (!problems.isEmpty()) {
            throw new BadInputException(from + " and the base " + base + " do not match: "
                    + String.join("; ", problems.subList(0, Math.min(MAX_LISTED, problems.size())))
                    + (problems.size() > MAX_LISTED ? "; and " + (problems.size() - MAX_LISTED) + " more" : "")
                    + "; give the base model it was made for");
        }
    }

    private static boolean fits(String name, long[] whole, long... part) {
        return Arrays.equals(whole, part)
                || (VocabularyGrowth.isTable(name)
                        && whole.length == 2
                        && part.length == 2
                        && whole[1] == part[1]
                        && whole[0] > part[0]);
    }

    private static void copyOthers(Path from, Path to) {
        copyConfig(from.resolve(FolderFiles.CONFIG), to.resolve(FolderFiles.CONFIG));
        FolderFiles.copyTokenizer(from, to);
        FolderFiles.copyGeneration(from, to);
        FolderFiles.copyTemplate(from, to);
        FolderFiles.copyExisting(FolderFiles.PREPROCESSING, from, to);
        Path tower = from.resolve(LlavaFolder.TOWER_FOLDER);
        if (Files.isDirectory(tower)) {
            FolderFiles.copyFolder(tower, to.resolve(LlavaFolder.TOWER_FOLDER));
        }
    }

    /** Copies the config of weights that are written dequantized. */
    private static void copyConfig(Path from, Path to) {
        ObjectNode config = (ObjectNode) JsonInput.readBoundedObject(from);
        if (config.remove(FolderFiles.QUANTIZATION) == null) {
            FolderFiles.copy(from, to);
        } else {
            FolderFiles.writeJson(to, config);
        }
    }

    private SortedMap<String, String> sources(NamedWeights all, NamedWeights bases, Path from, boolean isMaking) {
        SortedMap<String, String> sources = new TreeMap<>();
        all.tensors().forEach((name, tensor) -> {
            String source = from + ":" + tensor.name();
            LazyTensor part = bases.tensors().get(name);
            if (part == null) {
                sources.put(name, source);
            } else {
                String baseSource = base + ":" + part.name();
                sources.put(name, isMaking ? source + " - " + baseSource : baseSource + " + " + source);
            }
        });
        return sources;
    }
}
