# The reference stack as Terraform writes it, for the comparison alone. Deletion protection and the final snapshot are
# off, so that it can be destroyed in one go.

terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "5.100.0"
    }
  }
}

provider "aws" {
  skip_metadata_api_check = true
}

data "aws_vpc" "network" {
  tags = { "kubernetes.io/cluster/k8s.myzone.net" = "owned" }
}

data "aws_subnets" "network" {
  filter {
    name   = "vpc-id"
    values = [data.aws_vpc.network.id]
  }
  tags = { SubnetType = "Public" }
}

data "aws_security_group" "cluster" {
  for_each = toset(["nodes", "masters"])
  vpc_id   = data.aws_vpc.network.id
  name     = "${each.key}.k8s.myzone.net"
}

locals {
  storage = { "EFS_K8s" = 2049, "gitlab-pgsql" = 5432 }
}

resource "aws_security_group" "storage" {
  for_each    = local.storage
  name        = each.key
  description = "Storage of the stack gitlab"
  vpc_id      = data.aws_vpc.network.id

  ingress {
    protocol        = "tcp"
    from_port       = each.value
    to_port         = each.value
    security_groups = [for group in data.aws_security_group.cluster : group.id]
  }

  egress {
    protocol    = "-1"
    from_port   = 0
    to_port     = 0
    cidr_blocks = ["0.0.0.0/0"]
  }
}

resource "aws_efs_file_system" "nfs" {
  creation_token  = "gitlab-nfs"
  encrypted       = true
  throughput_mode = "elastic"

  lifecycle_policy {
    transition_to_ia = "AFTER_30_DAYS"
  }
}

resource "aws_efs_mount_target" "nfs" {
  for_each        = toset(data.aws_subnets.network.ids)
  file_system_id  = aws_efs_file_system.nfs.id
  subnet_id       = each.key
  security_groups = [aws_security_group.storage["EFS_K8s"].id]
}

resource "aws_db_subnet_group" "pgsql" {
  name       = "gitlab-pgsql"
  subnet_ids = data.aws_subnets.network.ids
}

resource "aws_db_instance" "pgsql" {
  identifier                  = "gitlab-pgsql"
  engine                      = "postgres"
  engine_version              = "16"
  instance_class              = "db.t4g.medium"
  allocated_storage           = 50
  storage_type                = "gp3"
  db_name                     = "gitlab_production"
  username                    = "gitlab"
  manage_master_user_password = true
  multi_az                    = true
  backup_retention_period     = 30
  backup_window               = "04:00-04:30"
  maintenance_window          = "sun:04:30-sun:05:30"
  storage_encrypted           = true
  skip_final_snapshot         = true
  db_subnet_group_name        = aws_db_subnet_group.pgsql.name
  vpc_security_group_ids      = [aws_security_group.storage["gitlab-pgsql"].id]
}
