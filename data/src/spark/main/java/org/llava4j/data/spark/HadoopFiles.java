package org.llava4j.data.spark;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.llava4j.data.AtomicFolder;
import org.llava4j.data.BadInputException;
import org.llava4j.data.LocalCopies;
import scala.Tuple2;

/**
 * Files of any file system that Hadoop knows ({@code hdfs://}, {@code s3a://}, ...), as the local files that everything else
 * reads and writes: each process has a mirror of what it needed of them.
 */
final class HadoopFiles {
    private static final Pattern ADDRESS = Pattern.compile("[a-z][a-z0-9+.-]+://.+");
    /** Weights are no part of data, and are large. */
    private static final Pattern WEIGHTS = Pattern.compile(".+\\.(safetensors|bin|pth)");

    /** The address of each file system, by its folder in the mirror. */
    private static final Map<Path, String> SYSTEMS = new ConcurrentHashMap<>();

    private static Path root;

    private HadoopFiles() {}

    /** Whether a flag's value names a file of such a file system. */
    static boolean isAddress(String value) {
        return ADDRESS.matcher(value).matches();
    }

    /** Where a file or folder is in this process's mirror, whether it is there yet or not. */
    static Path localPath(String named) {
        URI uri = uri(named);
        String authority = uri.getAuthority() == null ? "" : uri.getAuthority();
        Path system = root().resolve(uri.getScheme() + "-" + authority.replaceAll("[^A-Za-z0-9.-]", "_"));
        String address = uri.getScheme() + "://" + authority + "/";
        SYSTEMS.put(system, address);
        LocalCopies.add(system, address);
        return system.resolve(uri.getPath().substring(1));
    }

    /** Fetches a file, or a folder with all but weights, unless it was fetched. */
    static synchronized Path download(String address) {
        Path local = localPath(address);
        if (!Files.exists(local)) {
            try {
                org.apache.hadoop.fs.Path remote = new org.apache.hadoop.fs.Path(uri(address));
                FileSystem files = remote.getFileSystem(configuration());
                fetch(files, files.getFileStatus(remote), local);
            } catch (IOException e) {
                throw new BadInputException(address + " cannot be read (" + e.getMessage() + "); check the address", e);
            }
        }
        return local;
    }

    /** Whole under its name, or not there. */
    private static void fetch(FileSystem files, FileStatus remote, Path local) throws IOException {
        Path part = local.resolveSibling("." + local.getFileName() + "." + UUID.randomUUID());
        Files.createDirectories(local.getParent());
        if (remote.isDirectory()) {
            Files.createDirectory(part);
            for (FileStatus each : files.listStatus(remote.getPath())) {
                String name = each.getPath().getName();
                if (!WEIGHTS.matcher(name).matches()) {
                    fetch(files, each, part.resolve(name));
                }
            }
        } else {
            try (var in = files.open(remote.getPath())) {
                Files.copy(in, part);
            }
        }
        Files.move(part, local);
    }

    /** Fetches a file of the mirror that was named by a folder's place; one that is not there is left to its reader. */
    static synchronized void require(Path local) {
        Path path = local.toAbsolutePath().normalize();
        if (root == null || !path.startsWith(root) || Files.exists(path)) {
            return;
        }
        Path system = root.resolve(root.relativize(path).getName(0));
        String address = SYSTEMS.get(system) + system.relativize(path);
        try {
            org.apache.hadoop.fs.Path remote = new org.apache.hadoop.fs.Path(uri(address));
            FileSystem files = remote.getFileSystem(configuration());
            if (files.exists(remote)) {
                fetch(files, files.getFileStatus(remote), path);
            }
        } catch (IOException e) {
            throw new BadInputException(address + " cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /** Refuses a place for an output that is taken. */
    static void requireFree(String address) {
        try {
            org.apache.hadoop.fs.Path remote = new org.apache.hadoop.fs.Path(uri(address));
            if (remote.getFileSystem(configuration()).exists(remote)) {
                throw new BadInputException(address + " is there already; give another place, or remove it");
            }
        } catch (IOException e) {
            throw new BadInputException(address + " cannot be written (" + e.getMessage() + "); check the address", e);
        }
    }

    /** Puts a local file or folder there: whole under its name, or not at all. */
    static void publish(Path local, String address) {
        requireFree(address);
        org.apache.hadoop.fs.Path remote = new org.apache.hadoop.fs.Path(uri(address));
        org.apache.hadoop.fs.Path part =
                new org.apache.hadoop.fs.Path(remote.getParent(), "." + remote.getName() + "." + UUID.randomUUID());
        try {
            FileSystem files = remote.getFileSystem(configuration());
            try {
                files.copyFromLocalFile(false, false, new org.apache.hadoop.fs.Path(local.toUri()), part);
                if (!files.rename(part, remote)) {
                    throw new IOException("the file system refused to rename " + part);
                }
            } finally {
                files.delete(part, true);
            }
        } catch (IOException e) {
            throw new BadInputException(address + " cannot be written (" + e.getMessage() + ")", e);
        }
    }

    private static URI uri(String address) {
        URI uri;
        try {
            uri = new org.apache.hadoop.fs.Path(address).toUri();
        } catch (IllegalArgumentException e) {
            throw new BadInputException(address + " is no address of a file (" + e.getMessage() + ")", e);
        }
        if (uri.getPath().length() < 2) {
            throw new BadInputException(address + " names no file; add its path");
        }
        return uri;
    }

    /** Hadoop's settings with those that Spark was given for it. */
    private static Configuration configuration() {
        Configuration configuration = new Configuration();
        SparkConf spark = SparkEnv.get().conf();
        for (Tuple2<String, String> setting : spark.getAllWithPrefix("spark.hadoop.")) {
            configuration.set(setting._1(), setting._2());
        }
        return configuration;
    }

    private static synchronized Path root() {
        if (root == null) {
            try {
                root = Files.createTempDirectory("llava4j-mirror").toAbsolutePath();
            } catch (IOException e) {
                throw new BadInputException("no folder for temporary files (" + e.getMessage() + ")", e);
            }
            Runtime.getRuntime().addShutdownHook(new Thread(() -> AtomicFolder.delete(root)));
        }
        return root;
    }
}
