"""AWS Backup: restores of file systems."""

from base import Case


class Restore(Case):
    backup = property(lambda self: self.client("backup"))

    def setUp(self):
        super().setUp()
        made = self.efs.create_file_system(CreationToken="t", Encrypted=True, Tags=[{"Key": "of", "Value": "the original"}])
        self.id, self.arn = made["FileSystemId"], made["FileSystemArn"]
        self.point = self.page("POST", "recovery_point", {"arn": self.arn, "hours": 1})["point"]

    def start(self, token="one", point=None, **metadata):
        return self.backup.start_restore_job(
            RecoveryPointArn=point or self.point,
            IamRoleArn="arn:aws:iam::123456789012:role/restores",
            IdempotencyToken=token,
            Metadata={"file-system-id": self.id, "newFileSystem": "true", "Encrypted": "true", "CreationToken": "new"} | metadata,
            CopySourceTagsToRestoredResource=True,
        )["RestoreJobId"]

    def job(self, identity):
        return self.backup.describe_restore_job(RestoreJobId=identity)

    def test_a_new_file_system_has_the_tags_and_nothing_else(self):
        self.settings(backup_restoring=0.2)
        identity = self.start()
        self.assertEqual(self.job(identity)["Status"], "PENDING")
        self.assertEqual(self.start(), identity)
        self.until("COMPLETED", lambda: self.job(identity)["Status"])
        made = self.job(identity)["CreatedResourceArn"].split("/")[-1]
        shown = self.efs.describe_file_systems(FileSystemId=made)["FileSystems"][0]
        self.assertEqual((shown["Tags"], shown["NumberOfMountTargets"]), ([{"Key": "of", "Value": "the original"}], 0))
        self.assertEqual(len(self.efs.describe_file_systems()["FileSystems"]), 2)

    def test_files_come_into_the_file_system_that_is_there(self):
        identity = self.start(newFileSystem="false")
        self.until("COMPLETED", lambda: self.job(identity)["Status"])
        self.assertEqual(self.job(identity)["CreatedResourceArn"], self.arn)
        self.assertEqual(len(self.efs.describe_file_systems()["FileSystems"]), 1)

    def test_what_is_not_there_or_not_known_is_refused(self):
        self.refused("ResourceNotFoundException", self.start, point=self.point + "0")
        self.refused("InvalidParameterValueException", self.start, other="x")
        self.refused("ResourceNotFoundException", lambda: self.job("none"))

    def test_a_restore_may_come_to_nothing(self):
        self.page("POST", "refuse_upgrade", {"id": self.point, "reason": "no room"})
        identity = self.start()
        self.until("FAILED", lambda: self.job(identity)["Status"])
        self.assertEqual(self.job(identity)["StatusMessage"], "no room")
