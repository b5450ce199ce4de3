package org.llava4j.eval.spark;

import com.tngtech.archunit.core.importer.ImportOption;
import com.tngtech.archunit.junit.AnalyzeClasses;
import com.tngtech.archunit.junit.ArchTag;
import com.tngtech.archunit.junit.ArchTest;
import com.tngtech.archunit.junit.ArchTests;
import org.llava4j.testing.ArchitectureRules;

/** The rules of all modules hold in this one, together with the modules that it depends on. */
@ArchTag("spark")
@AnalyzeClasses(packages = "org.llava4j", importOptions = ImportOption.DoNotIncludeTests.class)
class ArchitectureTest {
    @ArchTest
    static final ArchTests rulesOfAllModules = ArchTests.in(ArchitectureRules.class);
}
